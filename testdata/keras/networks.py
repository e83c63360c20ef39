"""The networks of the oracle, as data in the JSON form of the Go package cnn."""


def conv(name, filters, padding="same", kernel=3):
    return {"class_name": "Conv2D", "name": name, "filters": filters, "kernel_size": kernel, "padding": padding}


def activation(name, function="relu"):
    return {"class_name": "Activation", "name": name, "activation": function}


def pool(name, size=2):
    return {"class_name": "MaxPooling2D", "name": name, "pool_size": size}


def dropout(name, rate):
    return {"class_name": "Dropout", "name": name, "rate": rate}


def flatten(name):
    return {"class_name": "Flatten", "name": name}


def dense(name, units):
    return {"class_name": "Dense", "name": name, "units": units}


def network(name, input_shape, *layers):
    return {"name": name, "input_shape": list(input_shape), "layers": list(layers)}


WRITE_UP = network(
    "write-up", (32, 32, 3),
    conv("First-Convolution", 32), activation("First-Relu"),
    conv("Second-Convolution", 32), activation("Second-Relu"),
    pool("First-Max-Pool"), dropout("First-Dropout", 0.25),
    conv("Third-Convolution", 64), activation("Third-Relu"),
    conv("Fourth-Convolution", 64), activation("Fourth-Relu"),
    pool("Second-Max-Pool"), dropout("Second-Dropout", 0.25),
    flatten("Flatten"),
    dense("First-Affine", 512), activation("Fifth-Relu"), dropout("Third-Dropout", 0.5),
    dense("Final-Connected-Layer", 10), activation("Softmax", "softmax"))

# Dropout is there and does nothing, so that a training step is the same every time.
SMALL = network(
    "small", (8, 8, 3),
    conv("conv_1", 4), activation("relu_1"), conv("conv_2", 4), activation("relu_2"),
    pool("pool"), dropout("dropout", 0.0), flatten("flatten"),
    dense("dense_1", 6), activation("relu_3"), dense("dense_2", 10), activation("softmax", "softmax"))

# The same with dropout that does something.
DROPPED = network(
    "dropped", (8, 8, 3),
    conv("conv_1", 4), activation("relu_1"), conv("conv_2", 4), activation("relu_2"),
    pool("pool"), dropout("dropout", 0.25), flatten("flatten"),
    dense("dense_1", 6), activation("relu_3"), dense("dense_2", 10), activation("softmax", "softmax"))

# Without padding, a 2x2 kernel, and a pool that drops the last row and column.
VALID = network(
    "valid", (8, 7, 2),
    conv("conv", 3, "valid", 2), activation("relu"), pool("pool"), flatten("flatten"),
    dense("dense", 3), activation("softmax", "softmax"))

# Names that just fit, are one too long and far too long for the first column.
LONG_NAMES = network(
    "long names", (28, 28, 1),
    conv("abcdefghij-abcdefghi", 8, "valid", 5),
    activation("abcdefghij-abcde"), activation("abcdefghij-abcdef"), activation("abcdefghij-abcdefg"),
    pool("a-name-that-is-longer-than-the-whole-first-column-of-the-table"),
    flatten("f"), dense("output", 10), activation("softmax", "softmax"))

# A shape wider than the second column and counts of 10 and 11 digits. Far too
# large to run; the table needs only the shapes.
LARGE = network(
    "large", (1024, 1024, 3),
    conv("conv", 123456), pool("pool", 128), flatten("flatten"),
    dense("ten_digits", 1000), dense("eleven_digits", 20000000), activation("softmax", "softmax"))


def more(class_name, name, **fields):
    """A layer beside the write-up's, or one of its layers with fields of its own."""
    return dict({"class_name": class_name, "name": name}, **fields)


# A bias before a batch normalisation would get a gradient of rounding errors alone, so there is none.
# Batch normalisation on images and on vectors, with and without fields of its own; leaky ReLU; global pooling.
NORMALISED = network(
    "normalised", (9, 8, 3),
    more("Conv2D", "conv_1", filters=4, kernel_size=3, padding="same", strides=2, no_bias=True, kernel_initializer="he_normal"),
    more("BatchNormalization", "bn_1"), more("LeakyReLU", "leaky_1", alpha=0.1),
    more("Conv2D", "conv_2", filters=5, kernel_size=3, padding="same", no_bias=True), more("BatchNormalization", "bn_2", momentum=0.9, epsilon=0.01), activation("relu"),
    more("GlobalAveragePooling2D", "mean"),
    more("Dense", "dense_1", units=6, no_bias=True), more("BatchNormalization", "bn_3"), more("LeakyReLU", "leaky_2"),
    dense("dense_2", 10), activation("softmax", "softmax"))

# Strides over sizes that they divide and do not, with kernels that are odd and even, larger and smaller.
STRIDES = network(
    "strides", (11, 14, 2),
    more("Conv2D", "same_2", filters=3, kernel_size=3, padding="same", strides=2), activation("relu_1"),
    more("Conv2D", "even", filters=4, kernel_size=2, padding="same", strides=2), activation("relu_2"),
    more("Conv2D", "even_1", filters=4, kernel_size=2, padding="same"), activation("relu_even"),
    more("Conv2D", "gaps", filters=4, kernel_size=1, padding="same", strides=2), activation("relu_3"),
    flatten("flatten"), dense("dense", 3), activation("softmax", "softmax"))

STRIDES_VALID = network(
    "strides valid", (12, 13, 2),
    more("Conv2D", "valid_3", filters=3, kernel_size=4, padding="valid", strides=3), activation("relu"),
    more("GlobalAveragePooling2D", "mean"), dense("dense", 3), activation("softmax", "softmax"))

# Batch normalisation without gamma, without beta and without both; a factor and an offset inside the network.
LEANER = network(
    "leaner", (9, 8, 3),
    more("Conv2D", "conv_1", filters=4, kernel_size=3, padding="same", no_bias=True),
    more("BatchNormalization", "no_gamma", momentum=0.6, epsilon=1e-12, no_scale=True), activation("gelu"),
    more("Conv2D", "conv_2", filters=5, kernel_size=3, padding="same", strides=2, no_bias=True),
    more("BatchNormalization", "no_beta", no_center=True), more("Activation", "silu", activation="silu"),
    more("Conv2D", "conv_3", filters=4, kernel_size=3, padding="same", no_bias=True),
    more("BatchNormalization", "neither", no_scale=True, no_center=True), more("Activation", "elu", activation="elu"),
    flatten("flatten"), more("Dense", "head", units=6, no_bias=True),
    more("Rescaling", "scale", scale=0.25, offset=-0.5), activation("softmax", "softmax"))

# Penalties that differ from layer to layer, and biases with a start of their own.
PENALISED = network(
    "penalised", (6, 4, 2),
    more("Conv2D", "conv", filters=3, kernel_size=3, padding="same", bias_initializer=0.1, kernel_l2=0.02), activation("relu_1"), pool("pool"),
    flatten("flatten"), more("Dense", "dense_1", units=5, bias_initializer=-0.25), activation("relu_2"),
    more("Dense", "dense_2", units=4, kernel_l2=0.005), activation("softmax", "softmax"))
