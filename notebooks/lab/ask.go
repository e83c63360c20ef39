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
// answers with how each picture was brought to the network's size. To ask about a picture of yours in
// JupyterLab, drop it into the file browser beside the notebook, and give its name. It releases the backend.
func Ask(run *cnn.Run, files ...string) *kernelext.Table {
	defer run.Close()
	return interruptible(func(ctx context.Context) (*kernelext.Table, error) { return ask(ctx, run, files) })
}

func ask(ctx context.Context, run *cnn.Run, files []string) (*kernelext.Table, error) {
	pictures := make([]picture.Picture, len(files))
	images := make([]image.Image, len(files))
	for i, file := range files {
		var err error
		if pictures[i], err = picture.DecodeFile(file); err != nil {
			return nil, err
		}
		images[i] = pictures[i].Image
	}
	answers, err := run.Predict(ctx, images...)
	if err != nil {
		return nil, err
	}
	table := NewTable(fmt.Sprintf("%s; %s", Caption(run), run.Preprocess()), "file", "class", "probability", "how it was read").From(run.Receipt())
	for i, a := range answers {
		how := strings.Join(append(pictures[i].Notes, a.How), "; ")
		table.Add(filepath.Base(files[i]), a.Name, fmt.Sprintf("%.4f", a.Probabilities[a.Class]), how)
	}
	return table, nil
}
