package cnn

import (
	"fmt"
	"os"
	"testing"

	"github.com/cnnbook/cnnbook/internal/testplugin"
)

// TestMain gets the plugin that the tests compute with, as a kernel does. It
// comes from the cache folder, and is fetched there once.
func TestMain(m *testing.M) {
	if os.Getenv("CNNBOOK_TEST_TRAINING") != "" {
		os.Exit(m.Run()) // the child of a test, which has set up already
	}
	if err := testplugin.Apply(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}
