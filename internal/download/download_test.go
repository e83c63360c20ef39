package download

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cnnbook/cnnbook/internal/filelock"
)

// fileName is the final name of the file that the tests fetch.
const fileName = "cifar-10-binary.tar.gz"

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
func downloadOf(url string, data []byte) File {
	sum := sha256.Sum256(data)
	return File{URL: url, Bytes: int64(len(data)), SHA256: hex.EncodeToString(sum[:]), Pause: time.Millisecond}
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

// content serves data as a good server does, Range and all.
func content(w http.ResponseWriter, r *http.Request, data []byte) {
	http.ServeContent(w, r, fileName, time.Time{}, bytes.NewReader(data))
}

// cutting ends each connection after at most n bytes of what it was to send.
func cutting(w http.ResponseWriter, r *http.Request, data []byte, n int) {
	var from int
	status := http.StatusOK
	if _, err := fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &from); err == nil {
		status = http.StatusPartialContent
		w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, len(data)-1, len(data)))
	}
	rest := data[from:]
	w.Header().Set("Content-Length", fmt.Sprint(len(rest)))
	w.WriteHeader(status)
	w.Write(rest[:min(n, len(rest))])
}

// fetched checks that dir holds the whole file and nothing else.
func fetched(t *testing.T, dir string, err error, data []byte) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(dir, fileName))
	if err != nil || !bytes.Equal(got, data) {
		t.Errorf("the file differs from the server's (%d bytes, want %d; error %v)", len(got), len(data), err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 || entries[0].Name() != fileName {
		t.Errorf("%s holds %v (error %v), want %q alone", dir, entries, err, fileName)
	}
}

// notFetched checks the error and that nothing has the final name.
func notFetched(t *testing.T, dir string, err, is error, text string) {
	t.Helper()
	if !errors.Is(err, is) || !strings.Contains(err.Error(), text) {
		t.Errorf("error %q\nwant %v with %q", err, is, text)
	}
	if err != nil && strings.Contains(err.Error(), "\n") {
		t.Errorf("the error has more than one line: %q", err)
	}
	if _, err := os.Lstat(filepath.Join(dir, fileName)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("something has the final name (%v)", err)
	}
}

// Promise(files/download): A download resumes where it was cut off, and never has its final name with
// wrong content.
func TestFetchCutAtEveryTenth(t *testing.T) {
	data := payload()
	url, requests := serve(t, func(w http.ResponseWriter, r *http.Request) { cutting(w, r, data, len(data)/10) })
	d := downloadOf(url, data)
	d.Retries = 1 // a new byte restarts the count, so that ten cuts pass
	var last int64
	d.Progress = func(done, total int64) {
		if done < last || total != int64(len(data)) {
			t.Errorf("progress went from %d to %d of %d", last, done, total)
		}
		last = done
	}
	dir := filepath.Join(t.TempDir(), "made", "on", "the way")
	err := d.Fetch(t.Context(), filepath.Join(dir, fileName))
	fetched(t, dir, err, data)
	if requests.Load() != 10 || last != int64(len(data)) {
		t.Errorf("%d requests, last progress %d; want 10 and %d", requests.Load(), last, len(data))
	}
	if err := d.Fetch(t.Context(), filepath.Join(dir, fileName)); err != nil || requests.Load() != 10 {
		t.Errorf("a second call: error %v, %d requests more; want the file reused", err, requests.Load()-10)
	}
}

// Promise(files/download)
func TestFetchGoesOnInAnotherCall(t *testing.T) {
	data := payload()
	for tenth := range 10 {
		cut := len(data) * tenth / 10
		url, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Range") != "" && r.Header.Get("Range") != fmt.Sprintf("bytes=%d-", cut) {
				t.Errorf("asked for %s, want it from %d", r.Header.Get("Range"), cut)
			}
			content(w, r, data)
		})
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, fileName+".part"), data[:cut], 0o666); err != nil {
			t.Fatal(err)
		}
		err := downloadOf(url, data).Fetch(t.Context(), filepath.Join(dir, fileName))
		fetched(t, dir, err, data)
	}
}

// Promise(files/download)
func TestFetchStall(t *testing.T) {
	data := payload()
	for _, sent := range []int{0, 1000} { // before and after the head of the answer
		released := make(chan struct{})
		url, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if sent > 0 {
				w.Header().Set("Content-Length", fmt.Sprint(len(data)))
				w.Write(data[:sent])
				w.(http.Flusher).Flush()
			}
			<-released
		})
		d := downloadOf(url, data)
		d.Stall, d.Retries = 50*time.Millisecond, -1
		dir := t.TempDir()
		err := d.Fetch(t.Context(), filepath.Join(dir, fileName))
		close(released)
		notFetched(t, dir, err, ErrStalled, fmt.Sprintf("run it again to continue from byte %d", sent))
	}
}

func TestFetchCancel(t *testing.T) {
	data := payload()
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("changed my mind")
	url, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		cutting(w, r, data, 1000)
		w.(http.Flusher).Flush()
		cancel(why)
		<-r.Context().Done()
	})
	dir := t.TempDir()
	err := downloadOf(url, data).Fetch(ctx, filepath.Join(dir, fileName))
	notFetched(t, dir, err, why, url)
}

// Promise(files/download)
func TestFetchTwoAtOnce(t *testing.T) {
	data := payload()
	url, requests := serve(t, func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(20 * time.Millisecond)
		content(w, r, data)
	})
	dir := t.TempDir()
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			if err := downloadOf(url, data).Fetch(t.Context(), filepath.Join(dir, fileName)); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	fetched(t, dir, nil, data)
	if requests.Load() != 1 {
		t.Errorf("%d requests, want one call to download and the others to wait", requests.Load())
	}
}

func TestFetchWaitsNoLongerThanItsContext(t *testing.T) {
	dir := t.TempDir()
	lock, err := filelock.Try(filepath.Join(dir, fileName+".lock"), "a test")
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Unlock()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	err = downloadOf("http://127.0.0.1/", payload()).Fetch(ctx, filepath.Join(dir, fileName))
	notFetched(t, dir, err, context.DeadlineExceeded, "waiting for another process that downloads the same file")
}

// TestFetchIntoFile has a file where the folder should be.
func TestFetchIntoFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := (File{}).Fetch(t.Context(), filepath.Join(file, fileName)); err == nil || !strings.Contains(err.Error(), "preparing the download") {
		t.Errorf("got %v", err)
	}
}

func TestPause(t *testing.T) {
	d := File{}.withDefaults()
	for failures, most := range map[int]time.Duration{1: 500 * time.Millisecond, 2: time.Second, 4: 4 * time.Second, 99: 30 * time.Second} {
		for range 20 {
			if got := d.pause(failures); got > most || got < most*3/4 {
				t.Errorf("pause after %d failures is %v, want %v less at most a quarter", failures, got, most)
			}
		}
	}
}
