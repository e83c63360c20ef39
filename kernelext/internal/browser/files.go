package browser

import "testing"

// Choose gives files to the page's file input that a selector finds, as its dialog would.
func (b *Browser) Choose(t *testing.T, selector string, files ...string) {
	t.Helper()
	var document struct {
		Root struct{ NodeID int }
	}
	b.mustCall(t, "DOM.getDocument", nil, &document)
	var found struct{ NodeID int }
	b.mustCall(t, "DOM.querySelector", map[string]any{"nodeId": document.Root.NodeID, "selector": selector}, &found)
	b.mustCall(t, "DOM.setFileInputFiles", map[string]any{"nodeId": found.NodeID, "files": files}, nil)
}

// Drop drags files over a place of the page, and drops them there.
func (b *Browser) Drop(t *testing.T, x, y int, files ...string) {
	t.Helper()
	const copies = 1 // the operation
	for _, kind := range []string{"dragEnter", "dragOver", "drop"} {
		b.mustCall(t, "Input.dispatchDragEvent", map[string]any{"type": kind, "x": x, "y": y,
			"data": map[string]any{"items": []any{}, "files": files, "dragOperationsMask": copies}}, nil)
	}
}
