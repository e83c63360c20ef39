package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"

	"github.com/cnnbook/cnnbook/kernelext/book"
)

// handout writes copies of the notebooks for a course.
func handout(_ context.Context, args []string, stdout, stderr io.Writer) error {
	f := flags("handout", "-student DIR -teacher DIR\n\nWrites copies of the notebooks: for students without outputs and solutions, for a teacher with both. Overwrites nothing.", stderr)
	student := f.String("student", "", "folder for the student's copy")
	teacher := f.String("teacher", "", "folder for the teacher's copy")
	only := f.String("only", "", "copy only these notebooks, such as 02 or 02,03")
	if err := parse(f, args); err != nil {
		return err
	}
	switch {
	case *student == "" && *teacher == "":
		return fmt.Errorf("handout: name a folder with -student, -teacher or both")
	case *student != "" && filepath.Clean(*student) == filepath.Clean(*teacher):
		return fmt.Errorf("handout: the copies have the same names, so they need two folders")
	}
	notebooks, err := chooseNotebooks("notebooks", *only)
	if err != nil {
		return err
	}
	for _, c := range []struct {
		dir  string
		kind book.Handout
	}{{*student, book.ForStudents}, {*teacher, book.ForTeachers}} {
		if c.dir == "" {
			continue
		}
		if err := book.WriteHandouts(notebooks, c.dir, c.kind); err != nil {
			return fmt.Errorf("handout: %w", err)
		}
		fmt.Fprintln(stdout, c.dir)
	}
	return nil
}
