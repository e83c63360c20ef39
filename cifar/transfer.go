package cifar

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"time"
)

// finalError is one that another try can't mend.
type finalError struct{ error }

func (e finalError) Unwrap() error { return e.error }

func isFinal(err error) bool {
	_, ok := errors.AsType[finalError](err)
	return ok
}

// try makes one request and appends what it brings to the part file, which has
// have bytes. It returns nil when the part has all its bytes.
func (d Download) try(ctx context.Context, part string, have int64) (err error) {
	if have == d.Bytes {
		return nil
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watch := time.AfterFunc(d.Stall, func() { cancel(fmt.Errorf("nothing for %v: %w", d.Stall, ErrStalled)) })
	defer watch.Stop()
	defer func() { // net/http reports a cancelled context, not why it was
		if err != nil && ctx.Err() != nil {
			err = context.Cause(ctx)
		}
	}()

	response, err := d.request(ctx, have)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	from, err := d.start(response, have)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(part, os.O_WRONLY|os.O_CREATE, 0o666)
	if err != nil {
		return finalError{err}
	}
	defer f.Close()
	if err := d.receive(f, response.Body, from, watch); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return finalError{err}
	}
	return f.Close()
}

func (d Download) request(ctx context.Context, have int64) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, d.URL, nil)
	if err != nil {
		return nil, finalError{err}
	}
	request.Header.Set("Accept-Encoding", "identity") // the archive's own bytes, not unpacked on the way
	if have > 0 {
		request.Header.Set("Range", fmt.Sprintf("bytes=%d-", have))
	}
	response, err := d.Client.Do(request)
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		err = wrapped.Err // Fetch names the address already
	}
	return response, err
}

// start judges the answer's head and returns the offset at which its body
// begins.
func (d Download) start(r *http.Response, have int64) (from int64, err error) {
	switch {
	case r.StatusCode == http.StatusOK: // all of it, whatever was asked
		return 0, d.checkLength(r, d.Bytes)
	case r.StatusCode == http.StatusPartialContent:
		var to int64
		if _, err := fmt.Sscanf(r.Header.Get("Content-Range"), "bytes %d-%d/", &from, &to); err != nil || from != have {
			return 0, fmt.Errorf("asked for bytes from %d, the server sent %q", have, r.Header.Get("Content-Range"))
		}
		return from, d.checkTotal(r)
	case r.StatusCode == http.StatusRequestedRangeNotSatisfiable:
		return 0, finalError{fmt.Errorf("the server's file ends before byte %d, want %d bytes: %w", have, d.Bytes, ErrChecksum)}
	case r.StatusCode == http.StatusNotFound, r.StatusCode == http.StatusGone:
		return 0, finalError{fmt.Errorf("the server says %s; check the address or take a mirror: %w", r.Status, ErrNotFound)}
	case r.StatusCode == http.StatusRequestTimeout, r.StatusCode == http.StatusTooManyRequests, r.StatusCode >= 500:
		return 0, fmt.Errorf("the server says %s", r.Status)
	}
	return 0, finalError{fmt.Errorf("the server says %s: %w", r.Status, ErrDownload)}
}

func (d Download) checkLength(r *http.Response, want int64) error {
	if r.ContentLength >= 0 && r.ContentLength != want {
		return finalError{fmt.Errorf("the server's file has %d bytes (%s), want %d: %w",
			r.ContentLength, contentType(r), want, ErrChecksum)}
	}
	return nil
}

// checkTotal compares the length after the slash of Content-Range, if told.
func (d Download) checkTotal(r *http.Response) error {
	var from, to, total int64
	if _, err := fmt.Sscanf(r.Header.Get("Content-Range"), "bytes %d-%d/%d", &from, &to, &total); err == nil && total != d.Bytes {
		return finalError{fmt.Errorf("the server's file has %d bytes, want %d: %w", total, d.Bytes, ErrChecksum)}
	}
	return nil
}

func contentType(r *http.Response) string {
	if t := r.Header.Get("Content-Type"); t != "" {
		return fmt.Sprintf("%.60q", t)
	}
	return "of no named type"
}

// receive writes the body at offset from and drops what the file had beyond.
func (d Download) receive(f *os.File, body io.Reader, from int64, watch *time.Timer) error {
	if err := f.Truncate(from); err != nil {
		return finalError{err}
	}
	if _, err := f.Seek(from, io.SeekStart); err != nil {
		return finalError{err}
	}
	buf := make([]byte, 1<<16)
	for done := from; ; {
		n, err := body.Read(buf)
		watch.Reset(d.Stall)
		if done+int64(n) > d.Bytes {
			return finalError{fmt.Errorf("the server sent more than %d bytes: %w", d.Bytes, ErrChecksum)}
		}
		if _, err := f.Write(buf[:n]); err != nil {
			return finalError{err} // a full disk does not mend by itself
		}
		done += int64(n)
		if d.Progress != nil && n > 0 {
			d.Progress(done, d.Bytes)
		}
		switch {
		case err == io.EOF && done == d.Bytes:
			return nil
		case err == io.EOF:
			return fmt.Errorf("the connection ended at byte %d of %d", done, d.Bytes)
		case err != nil:
			return fmt.Errorf("at byte %d of %d: %w", done, d.Bytes, err)
		}
	}
}
