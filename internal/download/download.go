// Package download fetches a file of known length and SHA-256 over HTTP: it
// resumes interrupted transfers, retries, detects servers that stop sending, and gives
// the final name only to a file with the expected content.
package download

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
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/cnnbook/cnnbook/internal/atomicfile"
	"github.com/cnnbook/cnnbook/internal/filelock"
)

// Sentinels that the errors of this package wrap; test for them with errors.Is.
var (
	// ErrChecksum: a file's length or SHA-256 is not the expected one.
	ErrChecksum = errors.New("not the expected file")
	// ErrNotFound: the server has no such file.
	ErrNotFound = errors.New("not found")
	// ErrFailed: a transfer failed for good, after its retries.
	ErrFailed = errors.New("download failed")
	// ErrStalled: a server sent nothing for longer than File.Stall.
	ErrStalled = errors.New("the server stopped sending")
)

// File is a file to fetch, and the limits of retries. URL, Bytes and SHA256 are required.
type File struct {
	URL    string // http or https
	Bytes  int64  // exact length
	SHA256 string // hex

	// Client makes the requests; default http.DefaultClient, which honours the
	// proxy settings of the environment.
	Client *http.Client
	// Progress, if set, is called as bytes arrive, from the goroutine that
	// called Fetch: done of total bytes. done falls when a transfer must start over.
	Progress func(done, total int64)
	// Retries is how many consecutive attempts may fail without a new byte
	// before Fetch gives up; default 5, negative for none.
	Retries int
	// Pause is the wait before the first retry; it doubles with each further
	// one, up to 30 s. Default 500 ms.
	Pause time.Duration
	// Stall is how long a server may send nothing; default 30 s.
	Stall time.Duration
}

func (f File) withDefaults() File {
	f.Client = cmp.Or(f.Client, http.DefaultClient)
	f.Retries = max(0, cmp.Or(f.Retries, 5))
	f.Pause = cmp.Or(f.Pause, 500*time.Millisecond)
	f.Stall = cmp.Or(f.Stall, 30*time.Second)
	return f
}

// Fetch ensures that the file is at path. An existing file is kept if its length
// and SHA-256 match, and replaced otherwise. Missing folders are created.
//
// Bytes arrive in path + ".part", which a later call resumes if this one is
// interrupted. Concurrent calls, in one process or several, do not interfere:
// the second waits for the first and then uses its file.
//
// Errors wrap [ErrFailed] (with [ErrStalled] where the server went silent),
// [ErrNotFound], [ErrChecksum], ctx's cause, or the error of the disk.
func (f File) Fetch(ctx context.Context, path string) error {
	f = f.withDefaults()
	if f.verify(path) == nil { // before the lock: the folder may be read-only
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return fmt.Errorf("preparing the download: %w", err)
	}
	lock, err := filelock.Wait(ctx, path+".lock", "downloading "+f.URL, nil)
	if err != nil {
		return fmt.Errorf("preparing the download: %w", lockError(ctx, path+".lock", err))
	}
	defer lock.Remove()
	if f.verify(path) == nil { // fetched by the process that we waited for
		return nil
	}
	if err := f.complete(ctx, path+".part"); err != nil {
		return fmt.Errorf("downloading %s: %w", f.URL, err)
	}
	if err := os.Rename(path+".part", path); err != nil {
		return fmt.Errorf("downloading %s: %w", f.URL, err)
	}
	return atomicfile.SyncFolder(filepath.Dir(path))
}

func lockError(ctx context.Context, name string, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("waiting for another process that downloads the same file (%s): %w", name, err)
	}
	return fmt.Errorf("locking %s: %w", name, err)
}

// verify checks the length and SHA-256 of the file.
func (f File) verify(name string) error {
	sum, n, err := SHA256(name)
	if err != nil {
		return err
	}
	if n != f.Bytes {
		return fmt.Errorf("%d bytes, want %d: %w", n, f.Bytes, ErrChecksum)
	}
	if !strings.EqualFold(sum, f.SHA256) {
		return fmt.Errorf("SHA-256 %s, want %s: %w", sum, f.SHA256, ErrChecksum)
	}
	return nil
}

// SHA256 returns the SHA-256 of a file, in hexadecimal, and the file's length in bytes.
func SHA256(name string) (sum string, bytes int64, err error) {
	file, err := os.Open(name)
	if err != nil {
		return "", 0, err
	}
	defer file.Close()
	h := sha256.New()
	if bytes, err = io.Copy(h, file); err != nil {
		return "", 0, err
	}
	return hex.EncodeToString(h.Sum(nil)), bytes, nil
}

// complete fills the part file until it is the whole file. Only consecutive failures
// count: an attempt that adds bytes resets the count. A part from an earlier call may be
// damaged, so a wrong checksum is tolerated once if the part was resumed.
func (f File) complete(ctx context.Context, part string) error {
	resumed := f.partSize(part) > 0
	for failures := 0; ; {
		before := f.partSize(part)
		err := f.try(ctx, part, before)
		if err == nil {
			if err = f.verify(part); err == nil {
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
		if f.partSize(part) > before {
			failures = 0
		}
		if failures++; failures > f.Retries {
			return fmt.Errorf("%w after %d attempts without a new byte; run it again to continue from byte %d: %w",
				ErrFailed, failures, f.partSize(part), err)
		}
		if err := sleep(ctx, f.pause(failures)); err != nil {
			return err
		}
	}
}

// partSize returns the length of a part so far; one that is too long counts as empty.
func (f File) partSize(part string) int64 {
	info, err := os.Stat(part)
	if err != nil || info.Size() > f.Bytes {
		return 0
	}
	return info.Size()
}

// pause doubles from Pause up to 30 s; a quarter of it is random, so that many
// machines do not retry at the same moment.
func (f File) pause(failures int) time.Duration {
	pause := min(f.Pause<<min(failures-1, 16), max(30*time.Second, f.Pause))
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
