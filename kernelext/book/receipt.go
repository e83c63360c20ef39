package book

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/cnnbook/cnnbook/kernelext"
	"github.com/cnnbook/cnnbook/kernelext/internal/text"
)

// Receipt is what an output says of one run that it comes from: see kernelext.ReceiptMIME.
type Receipt map[string]string

// receiptFields are the fields that an executed notebook keeps of a receipt, in the order in which pages show them. A notebook in a
// repository keeps those that are the same on every machine.
var receiptFields = []struct {
	name, label string
	anywhere    bool
}{
	{"run", "run", true},
	{"identity", "identity", true},
	{"trained", "trained", true},
	{"accuracy", "validation accuracy", false},
	{"weights", "weights", true},
	{"sha256", "weights SHA-256", false},
	{"data", "data", true},
	{"images", "images SHA-256", true},
	{"backend", "backend", false},
	{"processor", "processor", false},
	{"threads", "threads", false},
	{"software", "software", false},
}

// readReceipts reads the receipts of an output. A kernel sends them as text, a notebook file holds them as JSON.
func readReceipts(raw json.RawMessage) ([]Receipt, error) {
	if len(raw) == 0 {
		return nil, nil
	}
	var sent multiline
	if json.Unmarshal(raw, &sent) == nil {
		raw = json.RawMessage(sent)
	}
	var receipts []Receipt
	if err := json.Unmarshal(raw, &receipts); err != nil {
		return nil, fmt.Errorf("receipts: %w", errors.New("expected a list of objects whose values are text"))
	}
	return receipts, nil
}

// receipts cleans the receipts of an output: the fields that pages know, without paths of this machine.
func (n normaliser) receipts(raw json.RawMessage) (json.RawMessage, error) {
	found, err := readReceipts(raw)
	if err != nil {
		return nil, err
	}
	kept := make([]Receipt, 0, len(found))
	for _, r := range found {
		clean := Receipt{}
		for _, field := range receiptFields {
			if value := text.CleanLine(n.hide(r[field.name])); value != "" && (field.anywhere || !n.anywhere) {
				clean[field.name] = value
			}
		}
		if !slices.ContainsFunc(kept, func(have Receipt) bool { return sameReceipt(have, clean) }) {
			kept = append(kept, clean)
		}
	}
	return marshal(kept, "")
}

func sameReceipt(a, b Receipt) bool {
	for _, field := range receiptFields {
		if a[field.name] != b[field.name] {
			return false
		}
	}
	return true
}

// receiptsOf returns the receipts of all outputs of a notebook, each run and save once.
func (nb *notebook) receiptsOf() ([]Receipt, error) {
	var all []Receipt
	for i, cell := range nb.Cells {
		for _, o := range cell.Outputs {
			found, err := readReceipts(o.Data[kernelext.ReceiptMIME])
			if err != nil {
				return nil, fmt.Errorf("cell %d: %w", i+1, err)
			}
			for _, r := range found {
				if !slices.ContainsFunc(all, func(have Receipt) bool { return sameReceipt(have, r) }) {
					all = append(all, r)
				}
			}
		}
	}
	return all, nil
}
