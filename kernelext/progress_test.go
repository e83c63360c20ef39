package kernelext

import (
	"fmt"
	"testing"
	"time"

	"github.com/cnnbook/cnnbook/kernelext/internal/text"
)

func ExampleProgress_Line() {
	p := Progress{
		Epoch: 1, Epochs: 300, Step: 80, Steps: 80, EpochEnd: true,
		Loss: 2.3291, Accuracy: 0.1034, Validated: true, ValidLoss: 2.2901, ValidAccuracy: 0.1276,
		StepTime: 1403 * time.Millisecond, Elapsed: 112240 * time.Millisecond,
	}
	fmt.Println(p.Line())
	p = Progress{Epoch: 2, Step: 7, Steps: 80, Loss: 2.3, Accuracy: 0.11, StepTime: time.Second}
	fmt.Println(p.Line())
	// Output:
	// 80/80 [==============================] - 112s 1403ms/step - loss: 2.3291 - accuracy: 0.1034 - val_loss: 2.2901 - val_accuracy: 0.1276
	//  7/80 [=>............................] - ETA: 1:13 - loss: 2.3000 - accuracy: 0.1100
}

func TestProgressTexts(t *testing.T) {
	tests := []struct{ got, want string }{
		{clockText(0), "0s"},
		{clockText(-time.Hour), "0s"},
		{clockText(59400 * time.Millisecond), "59s"},
		{clockText(72 * time.Second), "1:12"},
		{clockText(2*time.Hour + 3*time.Minute + 9*time.Second), "2:03:09"},
		{text.SpanText(2346 * time.Millisecond), "2.35 s"},
		{text.SpanText(9*time.Minute + 20*time.Second), "9 min 20 s"},
		{text.SpanText(3*time.Hour + 59*time.Second), "3 h 1 min"},
		{stepText(0), "0ms/step"},
		{stepText(420 * time.Microsecond), "420us/step"},
		{stepText(12 * time.Second), "12s/step"},
		{metricText(0), "0.0000"},
		{metricText(0.00042), "4.2000e-04"},
		{bar(0, 80), ".............................."},
		{bar(40, 80), "==============>..............."},
		{bar(90, 80), "=============================="},
		{bar(1, 0), ".............................."},
	}
	for _, test := range tests {
		if test.got != test.want {
			t.Errorf("got %q, expected %q", test.got, test.want)
		}
	}
}

func TestProgressDone(t *testing.T) {
	tests := []struct {
		p    Progress
		want float64
	}{
		{Progress{}, 0},
		{Progress{Epoch: 1, Epochs: 4, Step: 40, Steps: 80}, 0.125},
		{Progress{Epoch: 4, Epochs: 4, Step: 80, Steps: 80}, 1},
		{Progress{Epoch: 9, Epochs: 4, Step: 80, Steps: 80}, 1},
	}
	for _, test := range tests {
		if got := test.p.done(); got != test.want {
			t.Errorf("done of %+v is %v, expected %v", test.p, got, test.want)
		}
	}
}
