package picture

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/draw"
)

// orientations names the eight ways in which EXIF says how a picture is to be turned
// (EXIF 2.32, tag 0x0112).
var orientations = [9]string{
	2: "mirrored left to right",
	3: "turned by 180°",
	4: "mirrored top to bottom",
	5: "mirrored and turned by 270° clockwise",
	6: "turned by 90° clockwise",
	7: "mirrored and turned by 90° clockwise",
	8: "turned by 270° clockwise",
}

// orientation finds the orientation in a file, 1 to 8; 1 without one.
func orientation(data []byte, format string) int {
	var tiff []byte
	switch format {
	case "jpeg":
		tiff = jpegEXIF(data)
	case "png":
		tiff = pngEXIF(data)
	case "webp":
		tiff = webpEXIF(data)
	}
	return tiffOrientation(tiff)
}

var exifHeader = []byte("Exif\x00\x00")

// jpegEXIF finds the segment APP1 that holds EXIF data, among those before the picture.
func jpegEXIF(data []byte) []byte {
	for at := 2; at+4 <= len(data) && data[at] == 0xff; {
		marker, length := data[at+1], int(binary.BigEndian.Uint16(data[at+2:]))
		if marker == 0xff { // padding
			at++
			continue
		}
		if marker == 0xda || length < 2 || at+2+length > len(data) { // start of scan
			return nil
		}
		body := data[at+4 : at+2+length]
		if tiff, ok := bytes.CutPrefix(body, exifHeader); ok && marker == 0xe1 {
			return tiff
		}
		at += 2 + length
	}
	return nil
}

// pngEXIF finds the chunk eXIf.
func pngEXIF(data []byte) []byte {
	for at := 8; at+12 <= len(data); {
		length := int(binary.BigEndian.Uint32(data[at:]))
		if length > len(data)-at-12 {
			return nil
		}
		if string(data[at+4:at+8]) == "eXIf" {
			return data[at+8 : at+8+length]
		}
		at += 12 + length
	}
	return nil
}

// webpEXIF finds the RIFF chunk EXIF.
func webpEXIF(data []byte) []byte {
	for at := 12; at+8 <= len(data); {
		length := int(binary.LittleEndian.Uint32(data[at+4:]))
		if length > len(data)-at-8 {
			return nil
		}
		if string(data[at:at+4]) == "EXIF" {
			return bytes.TrimPrefix(data[at+8:at+8+length], exifHeader)
		}
		at += 8 + length + length&1
	}
	return nil
}

// tiffOrientation reads the tag from EXIF data, which has the form of a TIFF file. Data
// that cannot be followed states no orientation.
func tiffOrientation(tiff []byte) int {
	const tag, short = 0x0112, 3
	if len(tiff) < 8 {
		return 1
	}
	var order binary.ByteOrder = binary.LittleEndian
	switch string(tiff[:4]) {
	case "II*\x00":
	case "MM\x00*":
		order = binary.BigEndian
	default:
		return 1
	}
	at := int(order.Uint32(tiff[4:]))
	if at > len(tiff)-2 {
		return 1
	}
	count := int(order.Uint16(tiff[at:]))
	at += 2
	for range count {
		if at+12 > len(tiff) {
			return 1
		}
		entry := tiff[at : at+12]
		if order.Uint16(entry) == tag && order.Uint16(entry[2:]) == short {
			if v := int(order.Uint16(entry[8:])); v >= 1 && v <= 8 {
				return v
			}
			return 1
		}
		at += 12
	}
	return 1
}

// orient turns and mirrors a picture.
func orient(img image.Image, o int) image.Image {
	b := img.Bounds()
	w, h := b.Dx(), b.Dy()
	from := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.Draw(from, from.Bounds(), img, b.Min, draw.Src)
	source := func(x, y int) (int, int) { // of a pixel of the result
		switch o {
		case 2:
			return w - 1 - x, y
		case 3:
			return w - 1 - x, h - 1 - y
		case 4:
			return x, h - 1 - y
		case 5:
			return y, x
		case 6:
			return y, h - 1 - x
		case 7:
			return w - 1 - y, h - 1 - x
		case 8:
			return w - 1 - y, x
		}
		return x, y
	}
	size := image.Rect(0, 0, w, h)
	if o >= 5 {
		size = image.Rect(0, 0, h, w)
	}
	to := image.NewRGBA(size)
	for y := range size.Dy() {
		for x := range size.Dx() {
			sx, sy := source(x, y)
			copy(to.Pix[to.PixOffset(x, y):][:4], from.Pix[from.PixOffset(sx, sy):][:4])
		}
	}
	return to
}
