package kernelext

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/janpfeifer/gonb/gonbui"
	"github.com/janpfeifer/gonb/gonbui/protocol"
)

// bundle is one thing to show in every form that a reader may support:
// what Jupyter calls a display_data message.
type bundle struct {
	HTML     string // a complete and safe fragment
	Markdown string // instead of HTML, for text with formulas
	Text     string // plain text for a reader that supports neither, and for a terminal

	Receipts []map[string]string // what it comes from, see ReceiptMIME
}

// Output is where bundles go.
type output interface {
	// show sends a bundle. With an id it replaces what was shown under the same id, if
	// the place can do that.
	show(b bundle, id string) error
}

// currentOutput is the notebook when GoNB started this process, otherwise stdout.
func currentOutput() output {
	if gonbui.IsNotebook {
		return notebookOutput{}
	}
	return textOutput{os.Stdout}
}

// textOutput prints the text of a bundle.
type textOutput struct{ w io.Writer }

func (o textOutput) show(b bundle, _ string) error {
	_, err := fmt.Fprintln(o.w, strings.TrimRight(b.Text, "\n"))
	return err
}

// notebookOutput sends bundles to the notebook through GoNB.
type notebookOutput struct{}

func (notebookOutput) show(b bundle, id string) error {
	data := map[protocol.MIMEType]any{protocol.MIMETextPlain: b.Text}
	if b.HTML != "" {
		data[protocol.MIMETextHTML] = b.HTML
	}
	if b.Markdown != "" {
		data[protocol.MIMETextMarkdown] = b.Markdown
	}
	if len(b.Receipts) > 0 {
		receipts, err := json.Marshal(b.Receipts)
		if err != nil {
			return err
		}
		data[ReceiptMIME] = string(receipts)
	}
	gonbui.SendData(&protocol.DisplayData{Data: data, DisplayID: id})
	if err := gonbui.Error(); err != nil {
		return fmt.Errorf("kernelext: the notebook cannot be reached: %w", err)
	}
	return nil
}

// settle lets the kernel read what this process printed before. Figures and printed text
// reach it by different routes, and it shows whatever arrives first.
func settle(limit time.Duration) {
	const pause = time.Millisecond
	for waited := time.Duration(0); waited < limit; waited += pause {
		n, ok := unread(os.Stdout)
		if !ok || n == 0 {
			break
		}
		time.Sleep(pause)
	}
}
