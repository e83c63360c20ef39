package lab

import (
	"reflect"
	"testing"

	"github.com/cnnbook/cnnbook/cnn"
	"github.com/cnnbook/cnnbook/kernelext"
)

// A field that is added to the progress of a training is shown, or this test fails.
func TestProgressKeepsEveryField(t *testing.T) {
	var p cnn.Progress
	v := reflect.ValueOf(&p).Elem()
	for i := range v.NumField() {
		switch f := v.Field(i); f.Kind() {
		case reflect.Int, reflect.Int64:
			f.SetInt(int64(i + 1))
		case reflect.Float64:
			f.SetFloat(float64(i + 1))
		case reflect.Bool:
			f.SetBool(true)
		default:
			t.Fatalf("%s is of kind %s", v.Type().Field(i).Name, f.Kind())
		}
	}
	shown := reflect.ValueOf(Progress(p))
	for i := range v.NumField() {
		name := v.Type().Field(i).Name
		if got := shown.FieldByName(name); !got.IsValid() || !got.Equal(v.Field(i)) {
			t.Errorf("%s: shown is %v, reported %v", name, got, v.Field(i))
		}
	}
	if n := reflect.TypeFor[kernelext.Progress]().NumField(); n != v.NumField() {
		t.Errorf("a display takes %d fields, a training reports %d", n, v.NumField())
	}
}

func TestTrainReleasesARunThatCanStillBeEvaluated(t *testing.T) {
	r, valid := trainedRun(t) // finished
	Train(r)
	if result := Evaluate(r, valid); len(result.Actual) != valid.Len() {
		t.Errorf("%d predictions for %d images", len(result.Actual), valid.Len())
	}
}
