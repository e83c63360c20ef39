package cifar

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
)

// archiveBytes is the most that an archive may unpack to: the six files, with room
// for the small ones and tar's own blocks. It stops gzip bombs.
const archiveBytes = 6*FileRecords*RecordBytes + 4<<20

// LoadArchive reads the dataset straight from the official .tar.gz, or from the tar
// archive in it, without
// writing anything to disk: at most six files of FileRecords records are kept.
// Batch files may come in any order, each once, in the folder
// cifar-10-batches-bin or at the top level. An archive with links, devices or paths
// that lead out of it is refused: the official one has none.
func LoadArchive(r io.Reader) (train, test *Dataset, err error) {
	zipped := bufio.NewReaderSize(r, 1<<16)
	plain, err := unpacked(zipped)
	if err != nil {
		return nil, nil, err
	}
	limited := &capReader{r: plain, left: archiveBytes}
	a := archive{files: make(map[string]batch, len(batchFiles()))}
	if err := a.read(tar.NewReader(limited)); err != nil {
		return nil, nil, err
	}
	// tar stops at its end marker; gzip's own checksum comes after it.
	if _, err := io.Copy(io.Discard, limited); err != nil {
		return nil, nil, brokenArchive(err)
	}
	has := func(name string) bool { _, ok := a.files[name]; return ok }
	if err := missingFiles("the archive", has, a.names); err != nil {
		return nil, nil, err
	}
	return assemble(a.files, a.mark)
}

// unpacked is the tar archive in a .tar.gz, or r itself where it is one that was unpacked
// already: browsers do that, and keep the name.
func unpacked(r *bufio.Reader) (io.Reader, error) {
	const tarMagic = 257 // bytes before "ustar"
	start, _ := r.Peek(tarMagic + 5)
	switch {
	case bytes.HasPrefix(start, []byte("\x1f\x8b")):
		plain, err := gzip.NewReader(r)
		if err != nil {
			return nil, brokenArchive(err)
		}
		return plain, nil
	case len(start) > tarMagic && string(start[tarMagic:]) == "ustar":
		return r, nil
	case bytes.HasPrefix(start, []byte("PK\x03\x04")):
		return nil, fmt.Errorf("the file is a zip archive; unpack it and give the folder with data_batch_1.bin: %w", ErrFormat)
	}
	return nil, fmt.Errorf("the file is not a .tar.gz archive; want %s or the folder unpacked from it: %w", ArchiveName, ErrFormat)
}

// archive is what has been read of one.
type archive struct {
	files map[string]batch
	mark  mark
	names []string // a few, by which to recognise other datasets
}

// archiveNames is how many names are kept.
const archiveNames = 64

func (a *archive) read(t *tar.Reader) error {
	for entry := 0; ; entry++ {
		h, err := t.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return brokenArchive(err)
		}
		if err := a.add(h, t); err != nil {
			return fmt.Errorf("archive entry %d: %w", entry, err)
		}
	}
}

func (a *archive) add(h *tar.Header, r io.Reader) error {
	switch h.Typeflag {
	case tar.TypeXGlobalHeader:
		return nil
	case tar.TypeReg, tar.TypeDir:
	default:
		return fmt.Errorf("%q is a %s; want files and folders only: %w", h.Name, entryKind(h.Typeflag), ErrFormat)
	}
	name := path.Clean(h.Name)
	if path.IsAbs(name) || name == ".." || strings.HasPrefix(name, "../") {
		return fmt.Errorf("%q leads out of the archive: %w", h.Name, ErrFormat)
	}
	folder, base := path.Split(name)
	if len(a.names) < archiveNames {
		top, _, _ := strings.Cut(name, "/")
		a.names = append(a.names, base, top)
	}
	if h.Typeflag == tar.TypeDir || folder != "" && folder != folderName+"/" {
		return nil
	}
	return a.addFile(base, h.Size, r)
}

func (a *archive) addFile(name string, size int64, r io.Reader) (err error) {
	switch name {
	case markFile:
		classes := a.mark.classes
		a.mark, err = readMark(r)
		a.mark.classes = classes
		return err
	case metaFile:
		text, err := io.ReadAll(io.LimitReader(r, metaBytes+1))
		if err != nil {
			return brokenArchive(err)
		}
		a.mark.classes, err = officialLayout().parseNames(text)
		return err
	case infoFile:
		return fmt.Errorf("it holds %s, a dataset of another size than CIFAR-10's; unpack the archive and give the folder: %w", infoFile, ErrFormat)
	}
	if name != testFile && !slices.Contains(trainFiles(), name) {
		return nil
	}
	if _, twice := a.files[name]; twice {
		return fmt.Errorf("%s is there twice: %w", name, ErrFormat)
	}
	if a.files[name], err = readBatch(r, name, size); err != nil && !errors.Is(err, ErrFormat) {
		return fmt.Errorf("%w: %w", err, ErrFormat)
	}
	return err
}

func entryKind(flag byte) string {
	switch flag {
	case tar.TypeLink:
		return "hard link"
	case tar.TypeSymlink:
		return "symbolic link"
	case tar.TypeChar, tar.TypeBlock:
		return "device"
	case tar.TypeFifo:
		return "named pipe"
	}
	return fmt.Sprintf("tar entry of type %q", flag)
}

func brokenArchive(err error) error {
	if errors.Is(err, ErrFormat) {
		return err
	}
	return fmt.Errorf("the archive is damaged (%w); get it again: %w", err, ErrFormat)
}

// capReader passes on at most left bytes and then fails, unlike
// io.LimitReader, which would make an oversized stream look ended.
type capReader struct {
	r    io.Reader
	left int64
}

func (c *capReader) Read(p []byte) (int, error) {
	if c.left <= 0 {
		if n, err := c.r.Read(make([]byte, 1)); n == 0 {
			return 0, err
		}
		return 0, fmt.Errorf("the archive unpacks to more than %d bytes, the most that CIFAR-10 needs: %w",
			int64(archiveBytes), ErrFormat)
	}
	n, err := c.r.Read(p[:min(int64(len(p)), c.left)])
	c.left -= int64(n)
	return n, err
}
