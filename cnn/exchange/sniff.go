package exchange

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/cnnbook/cnnbook/cnn"
)

// notKeras describes bytes that are not a Keras file, and what to do about it; nil if
// they may be one. Such files come from failed downloads and from other programs.
func notKeras(data []byte) error {
	what := ""
	start := strings.ToLower(string(bytes.TrimLeft(bytes.TrimPrefix(data[:min(len(data), 512)], []byte("\xef\xbb\xbf")), " \t\r\n")))
	has := func(prefix string) bool { return strings.HasPrefix(start, prefix) }
	switch {
	case len(data) == 0:
		what = "it is empty: download or save it again"
	case has("version https://git-lfs"), has("version https://hawser"), has("version http://git-media"):
		what = "it is a Git LFS pointer and not the file itself: get that with git lfs pull"
	case has("<!doctype html"), has("<html"), has("<head"), has("<!--"), has("<script"), has("<body"):
		what = "it is a web page and not a Keras file: open its address in a browser, and download the file from there"
	case has("<?xml"), has("<error"):
		what = "it is an XML message, as servers send instead of a file: open it to read the reason, then download the file again"
	case has("{"), has("["):
		what = notLayers(data)
	case bytes.HasPrefix(data, []byte{0x1f, 0x8b}):
		what = "it is a gzip archive: unpack it first"
	case bytes.HasPrefix(data, []byte("BZh")), bytes.HasPrefix(data, []byte{0xfd, '7', 'z', 'X', 'Z'}), bytes.HasPrefix(data, []byte("7z\xbc\xaf")), bytes.HasPrefix(data, []byte("Rar!")):
		what = "it is a compressed archive: unpack it first"
	case len(data) > 262 && string(data[257:262]) == "ustar":
		what = "it is a tar archive: unpack it first"
	case len(data) > 8 && string(data[4:8]) == "TFL3":
		what = "it is a TensorFlow Lite file: import the Keras model that it was made from"
	case bytes.HasPrefix(data, []byte{0x80}) && len(data) > 1 && data[1] >= 2 && data[1] <= 5:
		what = "it is a Python pickle, which is not read: save the model from Keras as a .keras file, or export it from PyTorch with torch.onnx.export"
	case bytes.HasPrefix(data, []byte("\x93NUMPY")):
		what = "it is a NumPy array: save the model from Keras as a .keras file"
	case len(data) > 9 && data[8] == '{' && bytes.HasPrefix(data[4:8], []byte{0, 0, 0, 0}):
		what = "it is a safetensors file: save the model from Keras as a .keras file"
	}
	if what == "" && !has("pk") && isText(data) {
		what = fmt.Sprintf("it is text and not a Keras file, %q: download or save it again", firstLine(data))
	}
	if what == "" {
		return nil
	}
	return fmt.Errorf("%w: %s", cnn.ErrFormat, what)
}

// isText reports whether bytes begin like text: the first bytes of a Keras file include
// zeros.
func isText(data []byte) bool {
	for _, b := range data[:min(len(data), 96)] {
		if b < 32 && b != '\n' && b != '\r' && b != '\t' || b == 127 {
			return false
		}
	}
	return true
}

// firstLine returns the beginning of a text.
func firstLine(data []byte) string {
	line, _, _ := strings.Cut(strings.TrimSpace(string(data[:min(len(data), 256)])), "\n")
	return line[:min(len(line), 60)]
}

// notLayers describes JSON where a file with weights is expected.
func notLayers(data []byte) string {
	var model struct {
		Class string `json:"class_name"`
	}
	if err := json.Unmarshal(data, &model); err == nil && model.Class != "" {
		return "it holds the layers without weights: import the file with the weights, and give this one as the network"
	}
	return "it is JSON and not a Keras file, perhaps a server's message: open it to read the reason, then download the file again"
}

// notFile describes a folder where a file is expected.
func notFile(path string) error {
	has := func(name string) bool {
		_, err := os.Stat(filepath.Join(path, name))
		return err == nil
	}
	what := "it is a folder: expected one file, .keras or .h5 from Keras, or .onnx"
	switch {
	case has("saved_model.pb"), has("saved_model.pbtxt"):
		what = `it is the folder of a TensorFlow SavedModel: load it in Keras 2, the package tf_keras, and import the file that model.save("x.keras") writes`
	case has("config.json") && has("model.weights.h5"):
		what = "it is the folder of an unpacked .keras file: import that file itself, or zip the folder's content"
	}
	return fmt.Errorf("%w: %s", cnn.ErrFormat, what)
}

// notKerasArchive describes a zip archive without config.json.
func notKerasArchive(names []string) error {
	what := fmt.Sprintf("config.json: file does not exist: it holds %s", shortList(names))
	for _, name := range names {
		base := name[strings.LastIndexByte(name, '/')+1:]
		switch {
		case base == "config.json" && name != base:
			what = fmt.Sprintf("config.json: file does not exist: the parts lie in the folder %q of the archive: zip them without it", strings.TrimSuffix(name, "/"+base))
		case base == "saved_model.pb":
			what = "it is a TensorFlow SavedModel: load it in Keras 2, the package tf_keras, and save it as a .keras file"
		case base == "data.pkl":
			what = "it is a PyTorch file, a pickle, which is not read: export the network with torch.onnx.export, and import the .onnx file"
		case strings.HasSuffix(base, ".npy"):
			what = "it is a NumPy archive: save the model from Keras as a .keras file"
		case strings.HasSuffix(base, ".keras"), strings.HasSuffix(base, ".h5"), strings.HasSuffix(base, ".hdf5"):
			if base != "model.weights.h5" {
				what = fmt.Sprintf("it is an archive that holds %q: unpack it first", name)
			}
		}
	}
	return fmt.Errorf("%w: .keras file: %s", cnn.ErrFormat, what)
}

func shortList(names []string) string {
	if len(names) == 0 {
		return "nothing"
	}
	text := strings.Join(names[:min(3, len(names))], ", ")
	if more := len(names) - 3; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}
