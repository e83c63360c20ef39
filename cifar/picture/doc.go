// Package picture turns a picture of any common format and size into the pixels of a
// dataset: [Decode] reads PNG, JPEG, GIF, WebP and BMP and turns the picture as its EXIF
// data says; [Fit] cuts out the centre and averages it down to the size of the dataset.
//
// Both say what they did, in words: nothing is turned, cut or dropped in silence. Colour
// profiles are not applied: values are taken as sRGB, as most programs for machine
// learning do.
//
// Files are read as untrusted: at most [MaxBytes] and [MaxPixels], and a damaged file is
// an error that wraps [ErrFormat], never a panic.
package picture
