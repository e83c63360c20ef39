package cifar

import (
	"errors"

	"github.com/cnnbook/cnnbook/internal/download"
)

// Sentinels that the errors of this package wrap; test for them with errors.Is.
var (
	// ErrFormat: the content is not in the CIFAR-10 binary format.
	ErrFormat = errors.New("not the CIFAR-10 binary format")
	// ErrChecksum: an archive's length or SHA-256 is not the expected one.
	ErrChecksum = download.ErrChecksum
	// ErrNotFound: a file, folder or address does not exist.
	ErrNotFound = download.ErrNotFound
	// ErrDownload: a transfer failed for good, after its retries.
	ErrDownload = download.ErrFailed
	// ErrStalled: a server sent nothing for longer than Download.Stall.
	ErrStalled = download.ErrStalled
	// ErrArgument: a call asks for something impossible, such as a split of 1.5.
	ErrArgument = errors.New("invalid argument")
)
