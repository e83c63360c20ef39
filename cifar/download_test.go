package cifar

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// How a transfer goes on after cuts, stalls and wrong answers is tested in
// internal/download; here, that the archive gets all of that.

// payload stands for the archive: 200 kB that do not repeat.
func payload() []byte {
	data := make([]byte, 200_000)
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range data {
		data[i] = byte(rng.Uint32())
	}
	return data
}

// downloadOf expects data at the URL, and is in a hurry.
func downloadOf(url string, data []byte) Download {
	sum := sha256.Sum256(data)
	return Download{URL: url, Bytes: int64(len(data)), SHA256: hex.EncodeToString(sum[:]), Pause: time.Millisecond}
}

// serve starts a server for the length of the test and counts its requests.
func serve(t *testing.T, h http.HandlerFunc) (url string, requests *atomic.Int64) {
	t.Helper()
	requests = new(atomic.Int64)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		h(w, r)
	}))
	t.Cleanup(s.Close)
	return s.URL, requests
}

// content serves data as a good server does, including Range requests.
func content(w http.ResponseWriter, r *http.Request, data []byte) {
	http.ServeContent(w, r, ArchiveName, time.Time{}, bytes.NewReader(data))
}

// Promise(files/download)
func TestFetchArchive(t *testing.T) {
	data := payload()
	url, requests := serve(t, func(w http.ResponseWriter, r *http.Request) { content(w, r, data) })
	d := downloadOf(url, data)
	var last int64
	d.Progress = func(done, total int64) { last = done }
	dir := filepath.Join(t.TempDir(), "made", "on", "the way")
	name, err := d.Fetch(t.Context(), dir)
	if err != nil || name != filepath.Join(dir, ArchiveName) {
		t.Fatalf("got %q, error %v", name, err)
	}
	if got, err := os.ReadFile(name); err != nil || !bytes.Equal(got, data) {
		t.Errorf("the file differs from the archive (%d bytes, error %v)", len(got), err)
	}
	onlyEntry(t, dir, ArchiveName)
	if _, err := d.Fetch(t.Context(), dir); err != nil || requests.Load() != 1 || last != int64(len(data)) {
		t.Errorf("a second call: error %v, %d requests in all, progress up to %d; want the file reused", err, requests.Load(), last)
	}
}

// TestFetchErrors checks that the errors of a transfer are this package's, and
// that each setting reaches it.
//
// Promise(files/download)
func TestFetchErrors(t *testing.T) {
	data := payload()
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
	}
	tests := []struct {
		serve    http.HandlerFunc
		set      func(*Download)
		is       error
		requests int64
	}{
		{status(404), func(*Download) {}, ErrNotFound, 1},
		{status(500), func(d *Download) { d.Retries = 2 }, ErrDownload, 3},
		{func(w http.ResponseWriter, r *http.Request) { content(w, r, data[1:]) }, func(*Download) {}, ErrChecksum, 1},
		{func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
			func(d *Download) { d.Retries, d.Stall = -1, 50*time.Millisecond }, ErrStalled, 1},
	}
	for _, test := range tests {
		url, requests := serve(t, test.serve)
		d := downloadOf(url, data)
		test.set(&d)
		dir := t.TempDir()
		name, err := d.Fetch(t.Context(), dir)
		if name != "" || !errors.Is(err, test.is) || requests.Load() != test.requests {
			t.Errorf("got %q, error %v, %d requests; want %v and %d", name, err, requests.Load(), test.is, test.requests)
		}
		if _, err := os.Lstat(filepath.Join(dir, ArchiveName)); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("something has the final name (%v)", err)
		}
	}
}

func TestFetchAddress(t *testing.T) {
	for _, address := range []string{"ftp://host/x", "file:///etc/passwd", "cifar.tar.gz", "http://", "http://a b/"} {
		dir := t.TempDir()
		name, err := Download{URL: address}.Fetch(t.Context(), dir)
		if name != "" || !errors.Is(err, ErrArgument) || !strings.Contains(err.Error(), "want http://… or https://…") {
			t.Errorf("%s: got %q, error %v", address, name, err)
		}
		onlyEntry(t, dir)
	}
}

func TestDownloadDefaults(t *testing.T) {
	if d := (Download{}).withDefaults(); d.URL != OfficialURL || d.Bytes != OfficialBytes || d.SHA256 != OfficialSHA256 {
		t.Errorf("got %+v", d)
	}
}
