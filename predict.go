package main

import (
	"context"
	"encoding/json"
	"fmt"
	"image"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/cnnbook/cnnbook/cifar/picture"
	"github.com/cnnbook/cnnbook/cnn"
	"github.com/cnnbook/cnnbook/internal/cli"
	"github.com/cnnbook/cnnbook/kernelext/setup"
	"github.com/spf13/cobra"
)

func predictCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "predict RUN FILE... [flags]", Short: "ask a saved run about pictures of any format and size",
		Long: "Asks a saved run about pictures: PNG, JPEG, GIF, WebP or BMP, of any size. Each is cut to the middle, averaged down to the " +
			"size that the network takes, and preprocessed as the run's training images were.\n\n" + runsAbout,
		Example: "predict quick dog.jpg cat.png\npredict --json quick dog.jpg", Args: cli.AtLeast("a RUN and at least one FILE", 2),
	}
	asJSON := c.Flags().Bool("json", false, "print JSON, with the probability of every class")
	names := c.Flags().String("names", "", "class names of an imported network, with commas between, in the order of its outputs")
	c.ValidArgsFunction = func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) == 0 {
			return runNames(), cobra.ShellCompDirectiveNoFileComp
		}
		return nil, cobra.ShellCompDirectiveDefault
	}
	c.RunE = func(c *cobra.Command, args []string) error {
		dir, err := findRunFolder(args[0])
		if err != nil {
			return err
		}
		run, err := cnn.LoadRun(dir)
		if err != nil {
			return err
		}
		defer run.Close()
		classes, err := classesOf(run, *names)
		if err != nil {
			return err
		}
		answers, err := ask(c.Context(), run, args[1:], c.ErrOrStderr())
		if err != nil {
			return err
		}
		notes := warnings(run, *names == "")
		if *asJSON {
			return writeJSON(c.OutOrStdout(), run, classes, notes, answers)
		}
		return writeAnswers(printable{c.OutOrStdout()}, run, classes, notes, answers)
	}
	return c
}

// classesOf returns the names of a run's classes, or those given for them.
func classesOf(run *cnn.Run, given string) ([]string, error) {
	classes, err := run.Classes()
	if err != nil || given == "" {
		return classes, err
	}
	if run.NamesClasses() {
		return nil, fmt.Errorf("predict: the run names its classes itself: %s", strings.Join(classes, ", "))
	}
	names := strings.Split(given, ",")
	if len(names) != len(classes) {
		return nil, fmt.Errorf("predict: --names has %d names, the network %d outputs", len(names), len(classes))
	}
	for i, name := range names {
		names[i] = strings.TrimSpace(name)
	}
	return names, nil
}

// answer is one file's.
type answer struct {
	file  string
	notes []string // how the picture was read
	cnn.Answer
}

// ask reads all files before it starts the backend, so that a wrong one is told at once.
func ask(ctx context.Context, run *cnn.Run, files []string, stderr io.Writer) ([]answer, error) {
	out := make([]answer, len(files))
	images := make([]image.Image, len(files))
	for i, file := range files {
		p, err := picture.DecodeFile(file)
		if err != nil {
			return nil, fmt.Errorf("predict: %w", err)
		}
		out[i], images[i] = answer{file: file, notes: p.Notes}, p.Image
	}
	plugin, err := setup.Installer{Log: stderr}.Plugin(ctx)
	if err != nil {
		return nil, err
	}
	if err := plugin.Apply(); err != nil {
		return nil, err
	}
	answers, err := run.Predict(ctx, images...)
	if err != nil {
		return nil, err
	}
	for i, a := range answers {
		out[i].Answer, out[i].notes = a, append(out[i].notes, a.How)
	}
	return out, nil
}

// warnings are what may make a run's answers less than they seem.
func warnings(run *cnn.Run, numbered bool) (out []string) {
	if finished, total := run.Epochs(); !run.Finished() {
		out = append(out, fmt.Sprintf("the run is not finished: %d of %d epochs", finished, total))
	}
	if run.Drawn() {
		out = append(out, "the run was trained on drawn images, not on photographs")
	}
	if !run.NamesClasses() && numbered {
		out = append(out, "the run was imported from a file that does not name its classes: they are numbered by output; --names names them")
	}
	if run.Recovered != "" {
		out = append(out, "the latest save is damaged; the one before it answers: "+run.Recovered)
	}
	return out
}

// shown is how many classes the table gives for a picture.
const shown = 3

func writeAnswers(out io.Writer, run *cnn.Run, names, notes []string, answers []answer) error {
	fmt.Fprintf(out, "%s\npreprocessing: %s\n", run, run.Preprocess())
	for _, note := range notes {
		fmt.Fprintln(out, "note:", note)
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\nFILE\tCLASS\tPROBABILITY\tNEXT\tREAD AS")
	for _, a := range answers {
		var next []string
		for _, c := range ranked(a.Probabilities)[1:min(shown, len(names))] {
			next = append(next, fmt.Sprintf("%s %.4f", names[c], a.Probabilities[c]))
		}
		fmt.Fprintf(w, "%s\t%s\t%.4f\t%s\t%s\n", a.file, names[a.Class], a.Probabilities[a.Class], strings.Join(next, ", "), strings.Join(a.notes, "; "))
	}
	return w.Flush()
}

// ranked lists the classes from the most probable one on.
func ranked(probabilities []float64) []int {
	order := make([]int, len(probabilities))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case probabilities[a] > probabilities[b]:
			return -1
		case probabilities[a] < probabilities[b]:
			return 1
		}
		return 0
	})
	return order
}

func writeJSON(out io.Writer, run *cnn.Run, names, notes []string, answers []answer) error {
	type probability struct {
		Class       string  `json:"class"`
		Probability float64 `json:"probability"`
	}
	type picture struct {
		File          string        `json:"file"`
		Class         string        `json:"class"`
		Probability   float64       `json:"probability"`
		Probabilities []probability `json:"probabilities"`
		Read          []string      `json:"read"`
	}
	page := struct {
		Run           string    `json:"run"`
		Epoch         int       `json:"epoch,omitempty"` // whose weights answer, if the run kept those of its best one
		Data          string    `json:"data"`
		Preprocessing string    `json:"preprocessing"`
		Notes         []string  `json:"notes"`
		Pictures      []picture `json:"pictures"`
	}{filepath.Base(run.Dir), run.KeptEpoch(), run.Data(), run.Preprocess().String(), append([]string{}, notes...), []picture{}}
	for _, a := range answers {
		p := picture{File: a.file, Class: names[a.Class], Probability: a.Probabilities[a.Class], Read: a.notes}
		for c, v := range a.Probabilities {
			p.Probabilities = append(p.Probabilities, probability{names[c], v})
		}
		page.Pictures = append(page.Pictures, p)
	}
	e := json.NewEncoder(out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(page)
}
