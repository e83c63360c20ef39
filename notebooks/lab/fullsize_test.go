package lab

import (
	"strings"
	"testing"
)

func TestFullSizeBase(t *testing.T) {
	epochs, err := readFullSize(fullSizeBase)
	if err != nil || len(epochs) < 25 {
		t.Fatalf("%d epochs, %v", len(epochs), err)
	}
	// As written, the first epoch is close to the write-up's: loss 2.3291, accuracy 0.1034.
	if first := epochs[0]; first.loss < 2.31 || first.loss > 2.35 || first.accuracy < 0.09 || first.accuracy > 0.12 {
		t.Errorf("the first epoch is %+v", first)
	}
	if alt := FullSizeBase().AltText(); !strings.Contains(alt, "write-up: validation") {
		t.Errorf("the figure says %q", alt)
	}
	for data, want := range map[string]string{
		"epoch,loss,accuracy,valid_loss,valid_accuracy\n2,1,1,1,1\n": "line 2: epoch 2, expected 1",
		"epoch,loss,accuracy,valid_loss,valid_accuracy\n1,x,1,1,1\n": "line 2: ",
		"a,b\n1\n": "wrong number of fields",
	} {
		if _, err := readFullSize([]byte(data)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, expected %q", data, err, want)
		}
	}
}
