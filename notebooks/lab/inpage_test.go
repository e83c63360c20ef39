package lab

import (
	"strings"
	"testing"
)

func TestInPage(t *testing.T) {
	run, valid := trainedRun(t)
	p := InPage(run, valid)
	if p.Name != "network" || !strings.Contains(string(p.HTML), "Ask the network about a picture") || !strings.Contains(string(p.HTML), "run tiny: ") {
		t.Errorf("the page %q begins with %.200s", p.Name, p.HTML)
	}
	if len(p.Stills) != 2 {
		t.Errorf("%d stills", len(p.Stills))
	}
	if err := ended(func() { InPage(run, nil) }); err == nil {
		t.Error("a page without images does not end the cell")
	}
}
