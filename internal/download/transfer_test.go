package download

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
)

// TestFetchRecovers starts with something wrong in the folder, or a server with a
// weakness, and must end with the archive.
//
// Promise(files/download)
func TestFetchRecovers(t *testing.T) {
	data := payload()
	rotten := bytes.Clone(data[:len(data)/2])
	rotten[77] ^= 1
	good := func(w http.ResponseWriter, r *http.Request, _ int64) { content(w, r, data) }
	tests := []struct {
		name  string
		part  []byte // .part of an earlier call
		final []byte // file of the final name
		serve func(w http.ResponseWriter, r *http.Request, request int64)
	}{
		{"rotten part", rotten, nil, good},
		{"part too long", append(bytes.Clone(data), 1, 2, 3), nil, good},
		{"whole part", data, nil, good},
		{"rotten whole part", append(bytes.Clone(rotten), data[len(data)/2:]...), nil, good},
		{"wrong final file", nil, []byte("something else"), good},
		{"no Range support", data[:1000], nil, func(w http.ResponseWriter, _ *http.Request, _ int64) { w.Write(data) }},
		{"no Range support and a cut", nil, nil, func(w http.ResponseWriter, r *http.Request, request int64) {
			r.Header.Del("Range")
			cutting(w, r, data, len(data)/2*int(request))
		}},
		{"500, then success", nil, nil, func(w http.ResponseWriter, r *http.Request, request int64) {
			if request < 3 {
				http.Error(w, "tired", http.StatusInternalServerError)
				return
			}
			content(w, r, data)
		}},
		{"429, then success", nil, nil, func(w http.ResponseWriter, r *http.Request, request int64) {
			if request < 2 {
				http.Error(w, "slowly", http.StatusTooManyRequests)
				return
			}
			content(w, r, data)
		}},
		{"another range than asked for, then success", data[:500], nil, func(w http.ResponseWriter, r *http.Request, request int64) {
			if request == 1 {
				r.Header.Set("Range", "bytes=7-")
			}
			content(w, r, data)
		}},
		{"unknown length", nil, nil, func(w http.ResponseWriter, _ *http.Request, _ int64) {
			w.(http.Flusher).Flush() // from here on chunks
			w.Write(data)
		}},
		{"redirect", nil, nil, func(w http.ResponseWriter, r *http.Request, _ int64) {
			if r.URL.Path != "/elsewhere" {
				http.Redirect(w, r, "/elsewhere", http.StatusFound)
				return
			}
			content(w, r, data)
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			for suffix, old := range map[string][]byte{".part": test.part, "": test.final} {
				if old == nil {
					continue
				}
				if err := os.WriteFile(filepath.Join(dir, fileName+suffix), old, 0o666); err != nil {
					t.Fatal(err)
				}
			}
			var request atomic.Int64
			url, _ := serve(t, func(w http.ResponseWriter, r *http.Request) { test.serve(w, r, request.Add(1)) })
			err := downloadOf(url, data).Fetch(t.Context(), filepath.Join(dir, fileName))
			fetched(t, dir, err, data)
		})
	}
}

// Promise(files/download)
func TestFetchRefuses(t *testing.T) {
	data := payload()
	other := bytes.Clone(data)
	other[99] ^= 1
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(code)
			io.WriteString(w, "<html>\n<h1>No luck</h1>\n</html>")
		}
	}
	tests := []struct {
		name     string
		serve    http.HandlerFunc
		requests int64
		is       error
		text     string
	}{
		{"404 with HTML", status(404), 1, ErrNotFound, "the server responded 404 Not Found; check the URL or use a mirror: not found"},
		{"403", status(403), 1, ErrFailed, "the server responded 403 Forbidden"},
		{"HTML with 200", status(200), 1, ErrChecksum, `the server's file has 31 bytes ("text/html"), want 200000`},
		{"too short", func(w http.ResponseWriter, r *http.Request) { content(w, r, data[:150_000]) }, 1, ErrChecksum, "the server's file has 150000 bytes"},
		{"too long", func(w http.ResponseWriter, r *http.Request) { content(w, r, append(bytes.Clone(data), 0)) }, 1, ErrChecksum, "the server's file has 200001 bytes"},
		{"too long, length unknown", func(w http.ResponseWriter, _ *http.Request) {
			w.(http.Flusher).Flush()
			w.Write(append(bytes.Clone(data), 0))
		}, 1, ErrChecksum, "the server sent more than 200000 bytes"},
		{"wrong hash", func(w http.ResponseWriter, r *http.Request) { content(w, r, other) }, 1, ErrChecksum, "the server's file has SHA-256 "},
		{"always 500", status(500), 3, ErrFailed, "download failed after 3 attempts without a new byte; run it again to continue from byte 0: the server responded 500"},
		{"endless redirect", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/", http.StatusFound) }, 30, ErrFailed, "stopped after 10 redirects"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			url, requests := serve(t, test.serve)
			d := downloadOf(url, data)
			d.Retries = 2
			err := d.Fetch(t.Context(), filepath.Join(dir, fileName))
			notFetched(t, dir, err, test.is, test.text)
			if requests.Load() != test.requests {
				t.Errorf("%d requests, want %d", requests.Load(), test.requests)
			}
		})
	}
}
