package book

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/cnnbook/cnnbook/internal/atomicfile"
	"github.com/cnnbook/cnnbook/kernelext/internal/process"
	"github.com/cnnbook/cnnbook/kernelext/internal/text"
	"github.com/cnnbook/cnnbook/kernelext/setup"
)

// chromiumEnv names the browser that prints, where it has another name or place.
const chromiumEnv = "CNNBOOK_BROWSER"

// printTime bounds the printing of one page.
const printTime = 3 * time.Minute

// ErrNoChromium means that there is no browser that can print pages.
var ErrNoChromium = errors.New("there is no Chromium")

// FindChromium returns the path of a browser that can print pages. Without one, the error wraps ErrNoChromium.
func FindChromium() (string, error) {
	names := []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge"}
	if name := os.Getenv(chromiumEnv); name != "" {
		names = []string{name}
	}
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", &setup.Problem{
		Cause:  "a PDF needs a Chromium that prints it, and none of these is on this machine: " + fmt.Sprint(names),
		Remedy: "install one, for example with apt install chromium, or name its program in " + chromiumEnv, Err: ErrNoChromium,
	}
}

// print prints the notebooks' pages, if there is a browser for it: those that have changed since they were printed.
func (s Site) print(ctx context.Context, pages string, notebooks []string) error {
	if s.Chromium == "" {
		return nil
	}
	for _, page := range notebooks {
		source, target := filepath.Join(pages, filepath.FromSlash(page)+".html"), filepath.Join(pages, "pdf", filepath.FromSlash(page)+".pdf")
		if newerFile(target, source, filepath.Join(pages, "_static", "book.css")) {
			continue
		}
		if err := printPage(ctx, s.Chromium, source, target); err != nil {
			return fmt.Errorf("PDF of %s: %w", page, err)
		}
	}
	return nil
}

// newerFile reports whether a file is newer than all of others.
func newerFile(file string, others ...string) bool {
	info, err := os.Stat(file)
	if err != nil {
		return false
	}
	for _, other := range others {
		if o, err := os.Stat(other); err != nil || !info.ModTime().After(o.ModTime()) {
			return false
		}
	}
	return true
}

// printPage prints a page, once its formulas are typeset, on paper as its style sheet says.
func printPage(ctx context.Context, chromium, page, target string) error {
	temp, err := os.MkdirTemp("", "cnnbook-print-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temp)
	printed := filepath.Join(temp, "page.pdf")
	args := []string{"--headless", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--user-data-dir=" + filepath.Join(temp, "profile"),
		"--blink-settings=preferredColorScheme=1", // light
		"--run-all-compositor-stages-before-draw", "--virtual-time-budget=60000", "--no-pdf-header-footer", "--print-to-pdf=" + printed}
	if os.Geteuid() == 0 {
		args = append(args, "--no-sandbox")
	}
	limited, stop := context.WithTimeout(ctx, printTime)
	defer stop()
	cmd := exec.CommandContext(limited, chromium, append(args, (&url.URL{Scheme: "file", Path: page}).String())...)
	process.Contain(cmd)
	cmd.WaitDelay = 5 * time.Second
	output, err := cmd.CombinedOutput()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	data, readErr := os.ReadFile(printed)
	if err != nil || readErr != nil || len(data) == 0 {
		return fmt.Errorf("%s printed nothing: %w: %s", filepath.Base(chromium), errors.Join(err, readErr), text.CleanLine(process.TellingLine(string(output))))
	}
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return err
	}
	return atomicfile.WriteBytes(target, data, 0o644)
}
