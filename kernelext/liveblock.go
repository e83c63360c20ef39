package kernelext

import (
	"fmt"
	"html"
	"strings"

	"github.com/cnnbook/cnnbook/internal/number"
	"github.com/cnnbook/cnnbook/kernelext/internal/text"
)

// blockPainter shows a run as one block of a notebook, which it replaces again and again. The
// block has no script and only inline styles, so that it looks the same in every
// copy: saved, exported, published, or opened as an untrusted notebook.
type blockPainter struct {
	out output
	id  string // of the display; a new one for each run
}

func (p *blockPainter) paint(s snapshot) error {
	return p.out.show(bundle{HTML: blockHTML(s), Text: blockText(s)}, p.id)
}

// Colours of the block: 3:1 or better on white and on the dark themes' backgrounds.
const (
	colorTrain = "#2b7bba"
	colorValid = "#c8661a"
	colorFail  = "#d64545"
	colorTrack = "rgba(128,128,128,.3)"
)

func blockHTML(s snapshot) string {
	var b strings.Builder
	b.WriteString(`<div class="cnnbook-live mathjax_ignore" style="max-width:46em;margin:0.5em 0 1em;padding:0.7em 1em;border:1px solid rgba(128,128,128,.45);border-radius:6px;line-height:1.5">`)
	title := "Training run"
	if s.title != "" {
		title = s.title
	}
	fmt.Fprintf(&b, `<div style="display:flex;flex-wrap:wrap;justify-content:space-between;gap:0 1.5em"><strong>%s</strong><span>%s</span></div>`,
		text.EscapeLine(title), text.EscapeLine(s.outcome()))
	b.WriteString(barHTML(s))
	b.WriteString(figuresHTML(s.last, s.final))
	b.WriteString(panelsHTML(s.panels))
	b.WriteString(`</div>`)
	return b.String()
}

func barHTML(s snapshot) string {
	percent := 100 * s.last.done()
	color := colorTrain
	if s.final && s.err != nil {
		color = colorValid
		if strings.HasPrefix(s.outcome(), "Failed") {
			color = colorFail
		}
	}
	return fmt.Sprintf(`<div role="progressbar" aria-label="Share of the run that is done" aria-valuemin="0" aria-valuemax="100" aria-valuenow="%.0f" `+
		`style="height:0.6em;margin:0.4em 0 0.6em;border-radius:0.3em;background:%s;overflow:hidden">`+
		`<div style="height:100%%;width:%.1f%%;background:%s"></div></div>`, percent, colorTrack, percent, color)
}

// figuresHTML is the row of metrics; unknown ones are left out.
func figuresHTML(p Progress, final bool) string {
	var b strings.Builder
	add := func(name, value string) {
		fmt.Fprintf(&b, `<span style="white-space:nowrap"><span style="opacity:.75">%s</span> <strong style="font-variant-numeric:tabular-nums">%s</strong></span> `, name, html.EscapeString(value))
	}
	add("epoch", ofText(p.Epoch, p.Epochs))
	add("step", ofText(p.Step, p.Steps))
	add("loss", metricText(p.Loss))
	add("accuracy", metricText(p.Accuracy))
	if p.Validated {
		add("validation loss", metricText(p.ValidLoss))
		add("validation accuracy", metricText(p.ValidAccuracy))
	}
	if p.Rate != 0 {
		add("rate", number.Short(p.Rate))
	}
	if p.StepTime > 0 {
		add("time", strings.TrimSuffix(stepText(p.StepTime), "/step")+" per step")
	}
	if p.ETA > 0 && !final {
		add("remaining", clockText(p.ETA))
	}
	return `<div style="display:flex;flex-wrap:wrap;gap:0 1.4em">` + b.String() + `</div>`
}

func ofText(n, of int) string {
	if of > 0 {
		return fmt.Sprintf("%d of %d", n, of)
	}
	return fmt.Sprint(n)
}

// blockText is the block as plain text: the last epochs as Keras prints them, and the current state.
func blockText(s snapshot) string {
	const most = 20
	var b strings.Builder
	if s.title != "" {
		b.WriteString(text.CleanLine(s.title) + "\n")
	}
	epochs := s.ended
	if len(epochs) > most {
		fmt.Fprintf(&b, "(%s before)\n", number.Counted(len(epochs)-most, "epoch"))
		epochs = epochs[len(epochs)-most:]
	}
	for _, epoch := range epochs {
		fmt.Fprintf(&b, "%s  %s\n", epoch.head(), epoch.Line())
	}
	if !s.last.EpochEnd {
		fmt.Fprintf(&b, "%s  %s\n", s.last.head(), s.last.Line())
	}
	return b.String() + s.outcome()
}
