package cache

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/cnnbook/cnnbook/internal/filelock"
)

// Lock takes the lock on the file name, which it creates with its folder if necessary, and returns the function that
// releases it. If another process holds it, waiting is called once with what is known about that process.
func Lock(ctx context.Context, name, what string, waiting func(filelock.Holder)) (release func() error, err error) {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return nil, fmt.Errorf("lock for %s: %w", what, err)
	}
	lock, err := filelock.Wait(ctx, name, what, waiting)
	if err != nil && ctx.Err() != nil {
		return nil, fmt.Errorf("wait for lock %s: %w", name, err)
	}
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", name, err)
	}
	return lock.Unlock, nil
}
