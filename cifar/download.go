package cifar

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"
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
	d.Client = cmp.Or(d.Client, http.DefaultClient)
	d.Retries = max(0, cmp.Or(d.Retries, 5))
	d.Pause = cmp.Or(d.Pause, 500*time.Millisecond)
	d.Stall = cmp.Or(d.Stall, 30*time.Second)
	return d
}

// Fetch makes sure that the archive lies in dir, as ArchiveName, and returns
// its path. A file of that name is used if its length and SHA-256 are right and
// replaced if not.
//
// Bytes arrive in a file ending in .part, which a later call goes on with when
// this one is cut off. It gets its final name only when length and SHA-256 are
// right, so the final name never holds anything else. Two calls at once, in one
// process or several, do not disturb each other: the second waits for the
// first and then uses its file.
//
// Errors wrap ErrDownload (with ErrStalled where the server went silent),
// ErrNotFound (the server has no such file), ErrChecksum (it has another one),
// ctx's cause, or what the disk refused.
func (d Download) Fetch(ctx context.Context, dir string) (name string, err error) {
	d = d.withDefaults()
	if err := checkURL(d.URL); err != nil {
		return "", err
	}
	name = filepath.Join(dir, ArchiveName)
	if d.verify(name) == nil { // before the lock: the folder may be read-only
		return name, nil
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return "", fmt.Errorf("preparing the download: %w", err)
	}
	unlock, err := lock(ctx, name+".lock")
	if err != nil {
		return "", fmt.Errorf("preparing the download: %w", err)
	}
	defer unlock()
	if d.verify(name) == nil { // made by the one we waited for
		return name, nil
	}
	if err := d.complete(ctx, name+".part"); err != nil {
		return "", fmt.Errorf("downloading %s: %w", d.URL, err)
	}
	if err := os.Rename(name+".part", name); err != nil {
		return "", fmt.Errorf("downloading %s: %w", d.URL, err)
	}
	return name, syncDir(dir)
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

// verify checks length and SHA-256 of the file.
func (d Download) verify(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	h := sha256.New()
	n, err := io.Copy(h, f)
	if err != nil {
		return err
	}
	if n != d.Bytes {
		return fmt.Errorf("%d bytes, want %d: %w", n, d.Bytes, ErrChecksum)
	}
	if sum := hex.EncodeToString(h.Sum(nil)); !strings.EqualFold(sum, d.SHA256) {
		return fmt.Errorf("SHA-256 %s, want %s: %w", sum, d.SHA256, ErrChecksum)
	}
	return nil
}

// complete fills the part file until it is the archive. Failed tries count in a
// row: one that brings new bytes starts the count anew. A part from an earlier call may be
// rotten, so a wrong checksum is forgiven once if the part was resumed.
func (d Download) complete(ctx context.Context, part string) error {
	resumed := d.partSize(part) > 0
	for failures := 0; ; {
		before := d.partSize(part)
		err := d.try(ctx, part, before)
		if err == nil {
			if err = d.verify(part); err == nil {
				return nil
			}
			if rmErr := os.Remove(part); rmErr != nil {
				return errors.Join(err, rmErr)
			}
			if !resumed {
				return fmt.Errorf("the server's file has %w", err)
			}
			resumed = false
			continue
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if isFinal(err) {
			return err
		}
		if d.partSize(part) > before {
			failures = 0
		}
		if failures++; failures > d.Retries {
			return fmt.Errorf("%w after %d tries without a new byte; run it again to go on from byte %d: %w",
				ErrDownload, failures, d.partSize(part), err)
		}
		if err := sleep(ctx, d.pause(failures)); err != nil {
			return err
		}
	}
}

// partSize returns how far a part got; one that is too long is no use.
func (d Download) partSize(part string) int64 {
	info, err := os.Stat(part)
	if err != nil || info.Size() > d.Bytes {
		return 0
	}
	return info.Size()
}

// pause doubles from Pause up to 30 s; a quarter of it is random, so that many
// machines do not come back at one moment.
func (d Download) pause(failures int) time.Duration {
	pause := min(d.Pause<<min(failures-1, 16), max(30*time.Second, d.Pause))
	return pause - time.Duration(rand.Int64N(int64(pause)/4+1))
}

func sleep(ctx context.Context, pause time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(pause):
		return nil
	}
}
