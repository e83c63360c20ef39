package importer

import (
	"archive/tar"
	"archive/zip"
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// The most that an archive may hold.
const (
	archiveBytes = 16 << 30
	archiveFiles = 2_000_000
)

// readArchive unpacks a zip, tar or tar.gz archive into a temporary folder, and reads that.
func readArchive(ctx context.Context, path string, o Options) (s *source, err error) {
	dir, err := os.MkdirTemp("", "cnnbook-import-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	inner := filepath.Join(dir, label(strings.TrimSuffix(path, ".gz"))) // errors and names begin with it
	if err := os.Mkdir(inner, 0o755); err != nil {
		return nil, err
	}
	u := unpacker{dir: inner}
	if err := u.archive(ctx, path); err != nil {
		return nil, fmt.Errorf("unpacking %s: %w", path, err)
	}
	read, err := recognise(inner)
	if err == nil {
		s, err = read(ctx, o)
	}
	if err != nil {
		return nil, shorter{err, dir + string(filepath.Separator), filepath.Base(path) + ": "}
	}
	for i := range s.notes {
		s.notes[i] = strings.ReplaceAll(s.notes[i], dir+string(filepath.Separator), "")
	}
	return s, nil
}

// shorter is an error whose text does not name the temporary folder, which nobody knows.
type shorter struct {
	error
	folder, archive string
}

func (s shorter) Error() string {
	return s.archive + strings.ReplaceAll(s.error.Error(), s.folder, "")
}

func (s shorter) Unwrap() error { return s.error }

// unpacker writes an archive's files below a folder.
type unpacker struct {
	dir   string
	files int
	left  int64 // bytes that may still come
}

func (u *unpacker) archive(ctx context.Context, path string) error {
	u.left = archiveBytes
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	buffered := bufio.NewReaderSize(f, 1<<18)
	start, _ := buffered.Peek(4)
	switch {
	case bytes.HasPrefix(start, []byte("PK\x03\x04")):
		z, err := zip.NewReader(f, info.Size())
		if err != nil {
			return damaged(err)
		}
		return u.zip(ctx, z)
	case bytes.HasPrefix(start, []byte("\x1f\x8b")):
		z, err := gzip.NewReader(buffered)
		if err != nil {
			return damaged(err)
		}
		return u.tar(ctx, tar.NewReader(z))
	}
	return u.tar(ctx, tar.NewReader(buffered))
}

func damaged(err error) error {
	if errors.Is(err, ErrFormat) {
		return err
	}
	return fmt.Errorf("the archive is damaged (%w); get it again: %w", err, ErrFormat)
}

// encrypted refuses archives that need a password.
func encrypted(files []*zip.File) error {
	for _, file := range files {
		if file.Flags&1 != 0 {
			return fmt.Errorf("%q is encrypted; unpack the archive with its password, and import the folder: %w", file.Name, ErrFormat)
		}
	}
	return nil
}

func (u *unpacker) zip(ctx context.Context, z *zip.Reader) error {
	if err := encrypted(z.File); err != nil {
		return err
	}
	for _, file := range z.File {
		if err := ctx.Err(); err != nil {
			return err
		}
		name := slashed(file.Name)
		if file.Mode().IsDir() || strings.HasSuffix(name, "/") {
			continue
		}
		if !file.Mode().IsRegular() {
			return fmt.Errorf("%q is a link or a device; want files and folders only: %w", file.Name, ErrFormat)
		}
		r, err := file.Open()
		if err != nil {
			return damaged(err)
		}
		err = u.write(name, r)
		r.Close()
		if err != nil {
			return err
		}
	}
	return nil
}

// slashed returns a name as zip wants it: some programs for Windows write backslashes.
func slashed(name string) string {
	if strings.Contains(name, "/") {
		return name
	}
	return strings.ReplaceAll(name, `\`, "/")
}

func (u *unpacker) tar(ctx context.Context, t *tar.Reader) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		h, err := t.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return damaged(err)
		}
		switch h.Typeflag {
		case tar.TypeDir, tar.TypeXGlobalHeader:
		case tar.TypeReg:
			if err := u.write(h.Name, t); err != nil {
				return err
			}
		default:
			return fmt.Errorf("%q is a link or a device; want files and folders only: %w", h.Name, ErrFormat)
		}
	}
}

// write writes a file, whose name must not lead out of the folder.
func (u *unpacker) write(name string, r io.Reader) error {
	name = strings.TrimPrefix(name, "./")
	if !filepath.IsLocal(filepath.FromSlash(name)) || strings.ContainsAny(name, "\\\x00") {
		return fmt.Errorf("%q leads out of the archive: %w", name, ErrFormat)
	}
	if u.files++; u.files > archiveFiles {
		return fmt.Errorf("more than %d files: %w", archiveFiles, ErrFormat)
	}
	path := filepath.Join(u.dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if errors.Is(err, os.ErrExist) {
		return fmt.Errorf("%q is there twice: %w", name, ErrFormat)
	}
	if err != nil {
		return err
	}
	n, err := io.Copy(f, io.LimitReader(r, u.left+1))
	if closeErr := f.Close(); err == nil && closeErr != nil {
		return closeErr
	}
	if u.left -= n; u.left < 0 {
		return fmt.Errorf("it unpacks to more than %d bytes: %w", int64(archiveBytes), ErrFormat)
	}
	if pathErr := (*os.PathError)(nil); errors.As(err, &pathErr) { // the disk, not the archive
		return err
	}
	if err != nil {
		return damaged(err)
	}
	return nil
}
