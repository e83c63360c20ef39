package main

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/cnnbook/cnnbook/internal/cli"
	"github.com/cnnbook/cnnbook/kernelext/book"
	"github.com/spf13/cobra"
)

// handoutCommand writes copies of the notebooks for a course.
func handoutCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "handout [DIR] [flags]", Short: "write a student's and a teacher's copy of the notebooks",
		Long:    "Writes copies of the notebooks of this repository, or of the book in DIR: for students without outputs and solutions, for a teacher with both. Overwrites nothing.",
		Example: "handout --student ~/course/students --teacher ~/course/teachers\nhandout --nbgrader ~/course ~/mybook", Args: cli.AtMostOne("DIR"),
	}
	student := c.Flags().String("student", "", "folder for the student's copy")
	teacher := c.Flags().String("teacher", "", "folder for the teacher's copy")
	nbgrader := c.Flags().String("nbgrader", "", "folder for a course of nbgrader: its configuration, and source/ with an assignment for each notebook with exercises")
	only := c.Flags().String("only", "", "copy only these notebooks, such as 02 or 02,03")
	cli.Complete(c, "only", notebookNames)
	c.RunE = func(c *cobra.Command, args []string) error {
		switch {
		case *student == "" && *teacher == "" && *nbgrader == "":
			return errors.New("handout: name a folder with --student, --teacher or --nbgrader")
		case *student != "" && filepath.Clean(*student) == filepath.Clean(*teacher):
			return errors.New("handout: the copies have the same names, so they need two folders")
		}
		b, err := readBook(args, new(string))
		if err != nil {
			return fmt.Errorf("handout: %w", err)
		}
		notebooks, err := b.Choose(*only)
		if err != nil {
			return err
		}
		for _, copies := range []struct {
			dir  string
			kind book.Handout
		}{{*student, book.ForStudents}, {*teacher, book.ForTeachers}} {
			if copies.dir == "" {
				continue
			}
			if err := b.WriteHandouts(notebooks, copies.dir, copies.kind); err != nil {
				return fmt.Errorf("handout: %w", err)
			}
			fmt.Fprintln(c.OutOrStdout(), copies.dir)
		}
		if *nbgrader == "" {
			return nil
		}
		if err := b.WriteNbgrader(notebooks, *nbgrader); err != nil {
			return fmt.Errorf("handout: %w", err)
		}
		fmt.Fprintln(c.OutOrStdout(), *nbgrader)
		return nil
	}
	return c
}
