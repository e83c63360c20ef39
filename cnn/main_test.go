package cnn

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/cnnbook/cnnbook/kernelext/setup"
)

// TestMain gets the plugin that the tests compute with, as a kernel does. It
// comes from the cache folder, and is fetched there once.
func TestMain(m *testing.M) {
	if os.Getenv("CNNBOOK_TEST_TRAINING") != "" {
		os.Exit(m.Run()) // the child of a test, which has set up already
	}
	plugin, err := setup.Installer{Log: os.Stderr}.Plugin(context.Background())
	if err == nil {
		err = plugin.Apply()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "setting up for the tests:", err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}
