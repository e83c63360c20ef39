package onednn

import (
	"strings"
	"testing"
)

// What a plugin computes by these calls is tested where graphs are made, in cnn.
func TestOpenWantsALoadedPlugin(t *testing.T) {
	err := Open("/nonexistent/libdnnl.so.3", "/nonexistent/plugin.so")
	if err == nil || !strings.Contains(err.Error(), "/nonexistent/plugin.so is not loaded") {
		t.Errorf("error %v, want one that names the plugin", err)
	}
}
