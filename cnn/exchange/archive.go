package exchange

import (
	"archive/zip"
	"bytes"
)

// member is a file in an archive.
type member struct {
	name string
	data []byte
}

// stored returns a zip archive with uncompressed members, as NumPy and Keras
// write it.
func stored(members ...member) ([]byte, error) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, m := range members {
		w, err := z.CreateHeader(&zip.FileHeader{Name: m.name, Method: zip.Store})
		if err != nil {
			return nil, err
		}
		if _, err := w.Write(m.data); err != nil {
			return nil, err
		}
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
