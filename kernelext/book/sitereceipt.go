package book

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/cnnbook/cnnbook/internal/number"
	"github.com/cnnbook/cnnbook/kernelext"
	"github.com/cnnbook/cnnbook/kernelext/internal/text"
)

// showReceipts adds to each output with receipts what a reader can open to see them, and returns the facts that the page's footer
// says of verified, the part of the verification that is about them. It needs no script.
func (nb *notebook) showReceipts(record Record, verified Verification) ([]Fact, error) {
	for i := range nb.Cells {
		for j, o := range nb.Cells[i].Outputs {
			found, err := readReceipts(o.Data[kernelext.ReceiptMIME])
			if err != nil {
				return nil, fmt.Errorf("cell %d: %w", i+1, err)
			}
			var page multiline
			if len(found) == 0 || json.Unmarshal(o.Data["text/html"], &page) != nil {
				continue
			}
			shown, err := marshal(page+multiline(receiptHTML(found, record, verified)), "")
			if err != nil {
				return nil, err
			}
			data := maps.Clone(o.Data)
			data["text/html"] = shown
			nb.Cells[i].Outputs[j].Data = data
		}
	}
	if line := verified.String(); line != "" {
		return []Fact{{Name: "verified", Value: line}}, nil
	}
	return nil, nil
}

// withoutReceipts returns outputs that show their receipts, but do not carry them: MyST-NB knows no such type of output.
func withoutReceipts(outputs []cellOutput) []cellOutput {
	out := slices.Clone(outputs)
	for i, o := range out {
		if _, ok := o.Data[kernelext.ReceiptMIME]; ok {
			out[i].Data = maps.Clone(o.Data)
			delete(out[i].Data, kernelext.ReceiptMIME)
		}
	}
	return out
}

// receiptHTML shows the receipts of one output: what all its runs have in common once, and the rest for each run.
func receiptHTML(receipts []Receipt, record Record, verified Verification) string {
	var b strings.Builder
	fmt.Fprintf(&b, `<details class="cnnbook-receipt mathjax_ignore"><summary>Receipt: %s</summary>`, text.EscapeLine(runNames(receipts)))
	shared := map[string]bool{}
	for _, field := range receiptFields[1:] {
		shared[field.name] = len(receipts) > 1 && !slices.ContainsFunc(receipts, func(r Receipt) bool { return r[field.name] != receipts[0][field.name] })
	}
	for _, r := range receipts {
		b.WriteString("<dl>")
		for _, field := range receiptFields {
			if !shared[field.name] {
				fact(&b, field.label, r[field.name])
			}
		}
		for _, s := range verified.of([]Receipt{r}).Stretches {
			result := "the same bits"
			if s.Difference != "" {
				result = "not the same bits: " + s.Difference
			}
			fact(&b, "trained again", fmt.Sprintf("%s: %s, %s", s.What, result, s.At.Format("2 January 2006")))
		}
		b.WriteString("</dl>")
	}
	b.WriteString("<dl>")
	for _, field := range receiptFields {
		if shared[field.name] {
			fact(&b, field.label, receipts[0][field.name])
		}
	}
	for _, f := range record.Facts {
		switch f.Name {
		case "budget", "commit", "run":
			name := f.Name
			if name == "run" {
				name = "notebook run"
			}
			fact(&b, name, f.Value)
		}
	}
	b.WriteString("</dl></details>")
	return b.String()
}

func fact(b *strings.Builder, name, value string) {
	if value != "" {
		fmt.Fprintf(b, "<div><dt>%s</dt><dd>%s</dd></div>", text.EscapeLine(name), text.EscapeLine(value))
	}
}

// runNames names the runs: "run base", or "runs base, quick", or "16 runs".
func runNames(receipts []Receipt) string {
	var names []string
	for _, r := range receipts {
		if !slices.Contains(names, r["run"]) {
			names = append(names, r["run"])
		}
	}
	switch {
	case len(names) == 1:
		return "run " + names[0]
	case len(names) > 5:
		return number.Counted(len(names), "run")
	}
	return "runs " + strings.Join(names, ", ")
}

// paragraph is what the first page says of a verification, in Markdown.
func (v Verification) paragraph() string {
	line := v.String()
	if line == "" {
		return ""
	}
	var b strings.Builder
	word := "Verified"
	if v.Err() != nil {
		word = "Not verified"
	}
	fmt.Fprintf(&b, "**%s:** %s.\n\n", word, text.EscapeMarkdown(line))
	for _, s := range v.differences() {
		fmt.Fprintf(&b, "- **Not the same bits:** run %s, %s: %s\n", text.EscapeMarkdown(s.Run), text.EscapeMarkdown(s.What), text.EscapeMarkdown(s.Difference))
	}
	for _, s := range v.Skipped {
		fmt.Fprintf(&b, "- Not trained again: run %s: %s\n", text.EscapeMarkdown(s.Run), text.EscapeMarkdown(s.Why))
	}
	return b.String() + "\n"
}
