// Package importer reads other people's image data as a [cifar.Dataset]: [Read] recognises
// by names and first bytes what lies at a path, and reads it. That may be
//
//	a folder of pictures by class   train/CLASS/*.jpg and test/CLASS/*.jpg, or CLASS/*.jpg
//	CIFAR-10 for Python             cifar-10-batches-py: pickled batches, which are not executed
//	CIFAR-100                       binary or for Python, with its 100 fine or 20 coarse classes
//	MNIST and its relatives         IDX files, gzipped or not
//	SVHN                            train_32x32.mat and test_32x32.mat, MATLAB 5 to 7
//	NumPy                           an .npz with x_train, y_train, x_test, y_test, as Keras caches it
//	this module's own layout        to give it another size
//	a .zip, .tar or .tar.gz         of any of these
//
// A reader refuses what it does not know in one line: file, position, what is there, what
// is expected. Nothing is left out in silence: [Result.Notes] says what was done. Files are
// untrusted: sizes are bounded, and no file makes a reader panic.
package importer
