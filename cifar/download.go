package cifar

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"time"

	"github.com/cnnbook/cnnbook/internal/download"
)

// The official archive of the binary version.
const (
	ArchiveName    = "cifar-10-binary.tar.gz"
	OfficialURL    = "https://www.cs.toronto.edu/~kriz/" + ArchiveName
	OfficialBytes  = 170052171
	OfficialSHA256 = "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"
)

// Download says where the archive comes from and how hard to try. The zero
// value is the official archive from the official site. For a mirror set URL
// alone: length and SHA-256 stay those of the official archive.
type Download struct {
	URL    string // default OfficialURL
	Bytes  int64  // exact length; default OfficialBytes
	SHA256 string // hex; default OfficialSHA256

	// Client makes the requests; default http.DefaultClient, which honours the
	// proxy settings of the environment.
	Client *http.Client
	// Progress, if set, is called as bytes arrive, from the goroutine that
	// called Fetch: done of total bytes. done falls when a transfer must start over.
	Progress func(done, total int64)
	// Retries is how many times in a row a try may fail without a new byte
	// before Fetch gives up; default 5, negative for none.
	Retries int
	// Pause is the wait before the first retry; it doubles with each further
	// one, up to 30 s. Default 500 ms.
	Pause time.Duration
	// Stall is how long a server may send nothing; default 30 s.
	Stall time.Duration
}

func (d Download) withDefaults() Download {
	d.URL = cmp.Or(d.URL, OfficialURL)
	d.Bytes = cmp.Or(d.Bytes, OfficialBytes)
	d.SHA256 = cmp.Or(d.SHA256, OfficialSHA256)
	return d
}

// Fetch makes sure that the archive is in dir, as ArchiveName, and returns its
// path. A file of that name is kept if its length and SHA-256 are right, and
// replaced if not.
//
// Bytes arrive in a file ending in .part, which a later call resumes if this one
// is cut off. It gets its final name only when length and SHA-256 are right, so
// the final name never holds anything else. Two calls at once, in one process or
// several, do not disturb each other: the second waits for the first and then
// uses its file.
//
// Errors wrap ErrDownload (with ErrStalled where the server went silent),
// ErrNotFound (the server has no such file), ErrChecksum (it has a different one),
// ctx's cause, or the error of the disk.
func (d Download) Fetch(ctx context.Context, dir string) (name string, err error) {
	d = d.withDefaults()
	if err := checkURL(d.URL); err != nil {
		return "", err
	}
	name = filepath.Join(dir, ArchiveName)
	archive := download.File{
		URL: d.URL, Bytes: d.Bytes, SHA256: d.SHA256,
		Client: d.Client, Progress: d.Progress, Retries: d.Retries, Pause: d.Pause, Stall: d.Stall,
	}
	if err := archive.Fetch(ctx, name); err != nil {
		return "", err
	}
	return name, nil
}

func checkURL(address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return fmt.Errorf("%w: download address %q; want http://… or https://…", ErrArgument, address)
	}
	return nil
}

// Fetch downloads the official archive into dir, unless it is there already,
// and opens it.
func Fetch(ctx context.Context, dir string) (train, test *Dataset, err error) {
	name, err := Download{}.Fetch(ctx, dir)
	if err != nil {
		return nil, nil, err
	}
	return Open(name)
}
