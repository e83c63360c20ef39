package cnn

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"testing"
)

// A run is found by the JSON of its network, and continues from weights that were
// drawn by an earlier version: when layers gain new fields, the JSON and the initial
// weights of existing networks must not change by a byte.
//
// Promise(runs/stable): A network's JSON, its initial weights and therefore its runs stay the same,
// whatever is added to the layers.
func TestWriteUpStaysByteEqual(t *testing.T) {
	network, err := json.Marshal(WriteUp())
	if err != nil {
		t.Fatal(err)
	}
	weights, err := WriteUp().Initialize(1)
	if err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	if err := WriteSafetensors(&file, weights, nil); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		what string
		data []byte
		want string
	}{
		{"JSON", network, "1343a9b3b8968c417c16f6f8754ce02bc9f5f701191fde90b5c77d1b29e5a41a"},
		{"weights", file.Bytes(), "66507bb13ad26908f85c936d620567ec5bd9c194cd7b3e36bd48078f8de9c2ca"},
	} {
		if got := fmt.Sprintf("%x", sha256.Sum256(test.data)); got != test.want {
			t.Errorf("%s: sha256 %s, want %s", test.what, got, test.want)
		}
	}
}
