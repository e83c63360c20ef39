package lab

import (
	"embed"

	"github.com/cnnbook/cnnbook/cnn/sweep"
)

// ideasFiles are the sweep of the write-up's ideas, and what was gathered of it.
//
//go:embed ideas.json
var ideasFiles embed.FS

// Ideas is the sweep of the ideas with which the write-up ends.
func Ideas() sweep.Sweep { return must(sweep.Parse(must(ideasFiles.ReadFile("ideas.json")))) }
