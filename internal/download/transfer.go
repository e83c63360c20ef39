package download

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

// finalError is an error that another attempt cannot fix.
type finalError struct{ error }

func (e finalError) Unwrap() error { return e.error }

func isFinal(err error) bool {
	_, ok := errors.AsType[finalError](err)
	return ok
}

// try makes one request and appends the response to the part file, which holds have
// bytes so far. It returns nil when the part has all its bytes.
func (f File) try(ctx context.Context, part string, have int64) (err error) {
	if have == f.Bytes {
		return nil
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watch := time.AfterFunc(f.Stall, func() { cancel(fmt.Errorf("nothing for %v: %w", f.Stall, ErrStalled)) })
	defer watch.Stop()
	defer func() { // net/http reports a cancelled context, not why it was
		if err != nil && ctx.Err() != nil {
			err = context.Cause(ctx)
		}
	}()

	response, err := f.request(ctx, have)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	from, err := f.start(response, have)
	if err != nil {
		return err
	}
	file, err := os.OpenFile(part, os.O_WRONLY|os.O_CREATE, 0o666)
	if err != nil {
		return finalError{err}
	}
	defer file.Close()
	if err := f.receive(file, response.Body, from, watch); err != nil {
		return err
	}
	if err := file.Sync(); err != nil {
		return finalError{err}
	}
	return file.Close()
}

func (f File) request(ctx context.Context, have int64) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, f.URL, nil)
	if err != nil {
		return nil, finalError{err}
	}
	request.Header.Set("Accept-Encoding", "identity") // the file's own bytes, never decompressed on the way
	if have > 0 {
		request.Header.Set("Range", fmt.Sprintf("bytes=%d-", have))
	}
	response, err := f.Client.Do(request)
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		err = wrapped.Err // Fetch names the URL already
	}
	return response, err
}

// start checks the header of the response and returns the offset at which its
// body begins.
func (f File) start(r *http.Response, have int64) (from int64, err error) {
	switch {
	case r.StatusCode == http.StatusOK: // the whole file, regardless of the requested range
		return 0, f.checkLength(r, f.Bytes)
	case r.StatusCode == http.StatusPartialContent:
		var to int64
		if _, err := fmt.Sscanf(r.Header.Get("Content-Range"), "bytes %d-%d/", &from, &to); err != nil || from != have {
			return 0, fmt.Errorf("asked for bytes from %d, the server sent %q", have, r.Header.Get("Content-Range"))
		}
		return from, f.checkTotal(r)
	case r.StatusCode == http.StatusRequestedRangeNotSatisfiable:
		return 0, finalError{fmt.Errorf("the server's file ends before byte %d, want %d bytes: %w", have, f.Bytes, ErrChecksum)}
	case r.StatusCode == http.StatusNotFound, r.StatusCode == http.StatusGone:
		return 0, finalError{fmt.Errorf("the server responded %s; check the URL or use a mirror: %w", r.Status, ErrNotFound)}
	case r.StatusCode == http.StatusRequestTimeout, r.StatusCode == http.StatusTooManyRequests, r.StatusCode >= 500:
		return 0, fmt.Errorf("the server responded %s", r.Status)
	}
	return 0, finalError{fmt.Errorf("the server responded %s: %w", r.Status, ErrFailed)}
}

func (f File) checkLength(r *http.Response, want int64) error {
	if r.ContentLength >= 0 && r.ContentLength != want {
		return finalError{fmt.Errorf("the server's file has %d bytes (%s), want %d: %w",
			r.ContentLength, contentType(r), want, ErrChecksum)}
	}
	return nil
}

// checkTotal compares the length after the slash of Content-Range, if there is one.
func (f File) checkTotal(r *http.Response) error {
	var from, to, total int64
	if _, err := fmt.Sscanf(r.Header.Get("Content-Range"), "bytes %d-%d/%d", &from, &to, &total); err == nil && total != f.Bytes {
		return finalError{fmt.Errorf("the server's file has %d bytes, want %d: %w", total, f.Bytes, ErrChecksum)}
	}
	return nil
}

func contentType(r *http.Response) string {
	if t := r.Header.Get("Content-Type"); t != "" {
		return fmt.Sprintf("%.60q", t)
	}
	return "of no named type"
}

// receive writes the body at offset from and drops what the file held beyond it.
func (f File) receive(file *os.File, body io.Reader, from int64, watch *time.Timer) error {
	if err := file.Truncate(from); err != nil {
		return finalError{err}
	}
	if _, err := file.Seek(from, io.SeekStart); err != nil {
		return finalError{err}
	}
	buf := make([]byte, 1<<16)
	for done := from; ; {
		n, err := body.Read(buf)
		watch.Reset(f.Stall)
		if done+int64(n) > f.Bytes {
			return finalError{fmt.Errorf("the server sent more than %d bytes: %w", f.Bytes, ErrChecksum)}
		}
		if _, err := file.Write(buf[:n]); err != nil {
			return finalError{err} // a full disk stays full
		}
		done += int64(n)
		if f.Progress != nil && n > 0 {
			f.Progress(done, f.Bytes)
		}
		switch {
		case err == io.EOF && done == f.Bytes:
			return nil
		case err == io.EOF:
			return fmt.Errorf("the connection ended at byte %d of %d", done, f.Bytes)
		case err != nil:
			return fmt.Errorf("at byte %d of %d: %w", done, f.Bytes, err)
		}
	}
}
