package lab

import (
	"context"
	"fmt"
	"image"
	"path/filepath"
	"strings"

	"github.com/cnnbook/cnnbook/cifar/picture"
	"github.com/cnnbook/cnnbook/cnn"
	"github.com/cnnbook/cnnbook/kernelext"
)

// Ask asks a run about pictures in files of any common format and size, and returns a table of the
// answers with how each picture was brought to the network's size. To ask about a picture
// of yours in JupyterLab, drop it into the file browser beside the notebook, and give its name.
func Ask(ctx context.Context, run *cnn.Run, files ...string) (kernelext.Table, error) {
	pictures := make([]picture.Picture, len(files))
	images := make([]image.Image, len(files))
	for i, file := range files {
		var err error
		if pictures[i], err = picture.DecodeFile(file); err != nil {
			return kernelext.Table{}, err
		}
		images[i] = pictures[i].Image
	}
	answers, err := run.Predict(ctx, images...)
	if err != nil {
		return kernelext.Table{}, err
	}
	table := kernelext.Table{
		Header:  []string{"file", "class", "probability", "how it was read"},
		Caption: fmt.Sprintf("%s; %s", run, run.Preprocess()),
	}
	for i, a := range answers {
		table.Rows = append(table.Rows, []string{
			filepath.Base(files[i]), a.Name, fmt.Sprintf("%.4f", a.Probabilities[a.Class]), strings.Join(append(pictures[i].Notes, a.How), "; "),
		})
	}
	return table, nil
}
