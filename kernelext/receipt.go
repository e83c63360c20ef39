package kernelext

import (
	"maps"
	"slices"
)

// ReceiptMIME is the type under which an output carries what it comes from, beside its HTML and its text: a JSON list of
// objects, one for each run, whose values are strings. A front end shows nothing of it; the book shows it on request.
const ReceiptMIME = "application/vnd.cnnbook.receipts+json"

// originated is an item that says what its numbers come from: viz.Figure and Table do.
type originated interface{ Receipts() []map[string]string }

// addReceipts adds those that are not there yet.
func addReceipts(to []map[string]string, receipts ...map[string]string) []map[string]string {
	for _, r := range receipts {
		if len(r) > 0 && !slices.ContainsFunc(to, func(have map[string]string) bool { return maps.Equal(have, r) }) {
			to = append(to, r)
		}
	}
	return to
}
