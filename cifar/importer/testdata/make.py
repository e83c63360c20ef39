"""Makes the files of this folder: datasets of a few images in the formats in which others publish theirs, written by Python's
pickle, NumPy, SciPy and gzip. Value (channel c, row y, column x) of image i is (7 i + 31 c + 5 y + 3 x) modulo 256, its label
(3 i + 1) modulo the number of classes.

    pip install numpy==2.4.6 scipy==1.17.1 && python make.py
"""

import gzip
import os
import pickle
import struct

import numpy as np
import scipy.io


def images(n, height, width, channels, first=0):
    """n images, channels last."""
    i, y, x, c = np.ogrid[first : first + n, 0:height, 0:width, 0:channels]
    return ((7 * i + 31 * c + 5 * y + 3 * x) % 256).astype(np.uint8)


def labels(n, classes, first=0):
    return [(3 * i + 1) % classes for i in range(first, first + n)]


def write(path, data):
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    with open(path, "wb") as f:
        f.write(data)


def rows(n, first=0):
    """n images as the rows of CIFAR's arrays."""
    return images(n, 32, 32, 3, first).transpose(0, 3, 1, 2).reshape(n, 3072)


def python2(label_key, label_list, data):
    """A batch as Python 2's cPickle wrote the official ones, opcode by opcode: text is SHORT_BINSTRING (U), the values of the
    array BINSTRING (T). pickle of Python 3 reads it: checked below."""
    text = lambda s: b"U" + bytes([len(s)]) + s
    count = lambda n: b"K" + bytes([n])
    out = b"\x80\x02}q\x01(" + text(b"batch_label") + b"q\x02" + text(b"training batch 1 of 5") + b"q\x03"
    out += text(label_key) + b"q\x04]q\x05(" + b"".join(count(l) for l in label_list) + b"e" + text(b"data") + b"q\x06"
    out += b"cnumpy.core.multiarray\n_reconstruct\nq\x07cnumpy\nndarray\nq\x08K\x00\x85q\x09U\x01bq\x0a\x87q\x0bRq\x0c("
    out += count(1) + count(data.shape[0]) + b"M" + struct.pack("<H", data.shape[1]) + b"\x86q\x0d"
    out += b"cnumpy\ndtype\nq\x0eU\x02u1q\x0fK\x00K\x01\x87q\x10Rq\x11(K\x03U\x01|q\x12NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tq\x13b"
    out += b"\x89T" + struct.pack("<I", data.size) + data.tobytes() + b"q\x14tq\x15b" + text(b"filenames") + b"q\x16]q\x17(" + text(b"a.png") + b"q\x18eu."
    back = pickle.loads(out, encoding="bytes")
    assert (back[b"data"] == data).all() and back[label_key] == label_list
    return out


names10 = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
folder = "cifar-10-batches-py"
for k in range(5):
    data, l = rows(2, 2 * k), labels(2, 10, 2 * k)
    batch = {b"batch_label": b"training batch", b"labels": l, b"data": data, b"filenames": [b"a.png", b"b.png"]}
    write(f"{folder}/data_batch_{k + 1}", python2(b"labels", l, data) if k == 0 else pickle.dumps(batch, protocol=k + 1))
write(f"{folder}/test_batch", pickle.dumps({"labels": labels(2, 10), "data": rows(2)}, protocol=4))
write(f"{folder}/batches.meta", pickle.dumps({b"label_names": [n.encode() for n in names10], b"num_vis": 3072}, protocol=2))

fine, coarse = [f"fine_{i}" for i in range(100)], [f"coarse_{i}" for i in range(20)]
folder = "cifar-100-python"
for part, n in ("train", 3), ("test", 2):
    batch = {"fine_labels": labels(n, 100), "coarse_labels": labels(n, 20), "data": rows(n), "filenames": ["a"] * n}
    write(f"{folder}/{part}", pickle.dumps(batch, protocol=2))
write(f"{folder}/meta", pickle.dumps({"fine_label_names": fine, "coarse_label_names": coarse}, protocol=2))

folder = "cifar-100-binary"
for part, n in ("train", 3), ("test", 2):
    write(f"{folder}/{part}.bin", b"".join(bytes([c, f]) + r.tobytes() for c, f, r in zip(labels(n, 20), labels(n, 100), rows(n))))
write(f"{folder}/fine_label_names.txt", "".join(n + "\n" for n in fine).encode())
write(f"{folder}/coarse_label_names.txt", "".join(n + "\n" for n in coarse).encode())


def idx(array):
    return struct.pack(">BBBB", 0, 0, 8, array.ndim) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


for part, n in ("train", 6), ("t10k", 3):
    write(f"idx/{part}-images-idx3-ubyte.gz", gzip.compress(idx(images(n, 28, 28, 1)[..., 0]), mtime=0))
    write(f"idx/{part}-labels-idx1-ubyte.gz", gzip.compress(idx(np.array(labels(n, 10), np.uint8)), mtime=0))

np.savez_compressed("keras.npz", x_train=images(6, 28, 28, 1)[..., 0], y_train=np.array(labels(6, 10), np.uint8),
                    x_test=images(3, 28, 28, 1)[..., 0], y_test=np.array(labels(3, 10), np.uint8))
np.savez("colour.npz", x_train=images(5, 9, 11, 3), y_train=np.array(labels(5, 4), np.int64).reshape(5, 1))
np.savez("floats.npz", x_train=images(5, 9, 11, 3) / 255.0, y_train=np.array(labels(5, 4)))
np.savez("names.npz", images=images(1, 2, 2, 3), labels=np.array([1]))

svhn = lambda n: [10 if l == 0 else l for l in labels(n, 10)]
for part, n in ("train", 5), ("test", 3):
    mat = {"X": images(n, 32, 32, 3).transpose(1, 2, 3, 0), "y": np.array(svhn(n), np.uint8).reshape(n, 1)}
    os.makedirs("svhn", exist_ok=True)
    scipy.io.savemat(f"svhn/{part}_32x32.mat", mat, do_compression=part == "train")
scipy.io.savemat("small.mat", {"text": "a note", "X": images(4, 5, 7, 3).transpose(1, 2, 3, 0), "y": np.array(svhn(4), float)})


class Evil:
    def __reduce__(self):
        return os.system, ("touch /tmp/executed",)


for protocol in 2, 4:
    write(f"evil{protocol}.pickle", pickle.dumps({b"data": Evil()}, protocol=protocol))
