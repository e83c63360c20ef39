// Package cifar holds CIFAR-10 and everything that looks like it: the dataset
// in memory, its official binary format, the download of the official archive,
// splits, statistics, and drawn images for machines without the real ones.
//
// # The binary format
//
// CIFAR-10 is 60,000 colour photographs of 32×32 pixels in ten classes, 50,000
// to train on and 10,000 to test on. The binary version is a folder
//
//	cifar-10-batches-bin/
//		data_batch_1.bin … data_batch_5.bin    training, in this order
//		test_batch.bin                         test
//		batches.meta.txt                       class names, one per line, by label
//
// A batch file is a sequence of records without header, separator or padding:
//
//	offset  bytes  content
//	     0      1  label, 0 to 9
//	     1   1024  red, row by row from the top left
//	  1025   1024  green
//	  2049   1024  blue
//
// so a record is 3,073 bytes and an official file of 10,000 records 30,730,000.
// [Reader] reads that stream and refuses anything else: a label of 10 or more, or
// an incomplete record at the end.
//
// [Load] reads such a folder, [LoadArchive] the .tar.gz that the official site
// offers, and [Open] either one by its path. [Fetch] downloads the archive first.
// All accept smaller datasets in the same layout, in which each of the six files
// holds between 1 and 10,000 records. [Save] writes the layout.
//
// Images stay channel-first, as in the files: [Dataset.Pixels] returns an image's
// 1,024 red, 1,024 green and 1,024 blue bytes.
//
// The class names are the short ones of the write-up that this module
// reproduces: plane car bird cat deer dog frog horse boat truck (officially
// airplane, automobile, … ship, truck). A batches.meta.txt with other names gives a
// dataset of other classes, 1 to 10 of them, which is never called CIFAR-10.
//
// # Other sizes, more classes
//
// A [Dataset] may have images of any one size up to [MaxSide], of 3 channels or 1 (grey), in up
// to [MaxClasses] classes. Where the layout above cannot hold it, [Save] puts a file
//
//	dataset.json    {"format": 1, "height": 48, "width": 48, "channels": 3,
//	                 "train": "fruit train", "test": "fruit test"}
//
// beside the six, whose records are then 1 + height·width·channels bytes: the label, and the
// planes of the channels. The class names are those of batches.meta.txt, which must be
// there. All that CIFAR-10's layout can hold is written without dataset.json, as before.
// Package importer makes such datasets out of pictures and of other people's files.
//
// # Drawn images
//
// [Drawn] makes images of the same shape and classes out of nothing: painted
// objects, not photographs. It needs no network and no licence, and gives the same
// images for the same seed. Such a dataset says so in [Dataset.Drawn] and
// [Dataset.Name], and whoever shows its images or figures must say so too. [Save]
// puts a file DRAWN.txt beside the batches, so that the mark survives on disk. Without that
// file, Open and Load recognise drawn images by their content: by the first five of a part, which must
// be, label by label and pixel by pixel, those that Drawn makes for one of the seeds 0 to 99,999 (values may
// differ by one step of 255, as machines round). No photographs do. Drawn images that were resized or
// changed, and those of greater seeds, are not recognised. Shuffled ones are found by [Examine], and so by
// go run . data check, for the seeds 0 to 9.
//
// # Errors
//
// Errors about wrong content wrap [ErrFormat] or [ErrChecksum], those about missing
// files [ErrNotFound], failed transfers [ErrDownload], and impossible requests (a
// fraction of 1.5, an index beyond the end) [ErrArgument]. The text names the file,
// the record and its byte offset, and what was expected.
//
// Source: A. Krizhevsky, Learning Multiple Layers of Features from Tiny Images,
// 2009, https://www.cs.toronto.edu/~kriz/cifar.html.
package cifar
