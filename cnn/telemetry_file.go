package cnn

import (
	"bytes"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
)

// The telemetry of a run is in a file of its own beside the history. The manifest does not list it, so that programs from before
// this file existed read the run, and go on with it. Instead, each line has a checksum:
//
//	{"t":{"step":10,…},"crc32":"1c291ca3"}
//
// A save writes the lines up to its step before the manifest. What comes after that step, or after the last end of a line, was
// written by a killed process: it is not read, and cut off by the next training.

const telemetryName = "telemetry.jsonl"

// maxTelemetry limits the size of the file: a run of the write-up's 300 epochs has 4 MB.
const maxTelemetry = 256 << 20

// telemetryLine is a line of the file.
type telemetryLine struct {
	Step json.RawMessage `json:"t"`     // a WatchedStep; fields that this program does not know are passed over
	Sum  string          `json:"crc32"` // of the bytes of Step, by the polynomial of IEEE 802.3: eight hexadecimal digits
}

func checksum(data []byte) string { return fmt.Sprintf("%08x", crc32.ChecksumIEEE(data)) }

// Telemetry returns what the run has recorded of its layers up to its last save. It is empty if no step was trained with
// [Config.Telemetry].
func (r *Run) Telemetry() (Telemetry, error) {
	data, err := readTelemetryFile(r.Dir)
	if err != nil {
		return nil, err
	}
	t, _, err := parseTelemetry(data, r.saved.Step, filepath.Join(r.Dir, telemetryName))
	return t, err
}

// readTelemetryFile reads the file's bytes; nil if there is none.
func readTelemetryFile(dir string) ([]byte, error) {
	path := filepath.Join(dir, telemetryName)
	info, err := os.Stat(path)
	switch {
	case notThere(err):
		return nil, nil
	case err != nil:
		return nil, err
	case info.Size() > maxTelemetry:
		return nil, fmt.Errorf("%w: %s: %d bytes, at most %d are accepted: move it away to go on without", ErrFormat, path, info.Size(), maxTelemetry)
	}
	return os.ReadFile(path)
}

// parseTelemetry reads the lines up to a step and returns the number of their bytes.
func parseTelemetry(data []byte, last int, file string) (t Telemetry, size int, err error) {
	for n := 1; ; n++ {
		line, _, ended := bytes.Cut(data[size:], []byte("\n"))
		if !ended {
			return t, size, nil
		}
		s, err := parseWatchedStep(line)
		if err == nil && len(t) > 0 && s.Step <= t[len(t)-1].Step {
			err = fmt.Errorf("step %d comes after step %d", s.Step, t[len(t)-1].Step)
		}
		if err != nil {
			return nil, 0, fmt.Errorf("%w: %s: line %d: %w: move the file away to go on without it", ErrFormat, file, n, err)
		}
		if s.Step > last {
			return t, size, nil
		}
		t, size = append(t, s), size+len(line)+1
	}
}

func parseWatchedStep(line []byte) (s WatchedStep, err error) {
	var l telemetryLine
	if err := json.Unmarshal(line, &l); err != nil {
		return s, err
	}
	if sum := checksum(l.Step); sum != l.Sum {
		return s, fmt.Errorf("its checksum is %s, expected %q: the file was changed or damaged", sum, l.Sum)
	}
	if err := json.Unmarshal(l.Step, &s); err != nil {
		return s, err
	}
	return s, s.check()
}

// check refuses what no training records.
func (s WatchedStep) check() error {
	if s.Step < 1 || s.Epoch < 1 {
		return fmt.Errorf("step %d of epoch %d, expected both from 1", s.Step, s.Epoch)
	}
	for _, l := range s.Layers {
		if l.Weights < 0 || l.Gradient < 0 || l.Update < 0 {
			return fmt.Errorf("layer %q: a norm is negative", l.Layer)
		}
	}
	for _, r := range s.ReLUs {
		if r.Dead < 0 || r.Dead > r.Units || r.DeadChannels < 0 || r.DeadChannels > r.Channels {
			return fmt.Errorf("ReLU %q: %d of %d units and %d of %d channels are dead", r.Layer, r.Dead, r.Units, r.DeadChannels, r.Channels)
		}
	}
	return nil
}

// telemetryFile is the file of a run in training. It is nil if nothing is recorded.
type telemetryFile struct {
	file  *os.File
	lines []byte // since the last save
}

// openTelemetry opens the file, and cuts off what a killed process wrote after its last save.
func openTelemetry(r *Run) (*telemetryFile, error) {
	if !r.spec.Config.Telemetry {
		return nil, nil
	}
	data, err := readTelemetryFile(r.Dir)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(r.Dir, telemetryName)
	_, size, err := parseTelemetry(data, r.saved.Step, path)
	if err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	if err = f.Truncate(int64(size)); err == nil {
		_, err = f.Seek(int64(size), 0)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return &telemetryFile{file: f}, nil
}

// add keeps what was seen in a step, if anything, for the next save.
func (f *telemetryFile) add(seen *WatchedStep, s Step) error {
	if f == nil || seen == nil {
		return nil
	}
	seen.Step, seen.Epoch = s.Step, s.Epoch
	data, err := json.Marshal(seen)
	if err != nil {
		return fmt.Errorf("telemetry: %w", err)
	}
	line, err := json.Marshal(telemetryLine{Step: data, Sum: checksum(data)})
	if err != nil {
		return fmt.Errorf("telemetry: %w", err)
	}
	f.lines = append(append(f.lines, line...), '\n')
	return nil
}

// write writes the lines since the last save, and waits until they are on the disk.
func (f *telemetryFile) write() error {
	if f == nil || len(f.lines) == 0 {
		return nil
	}
	_, err := f.file.Write(f.lines)
	f.lines = f.lines[:0]
	if err != nil {
		return err
	}
	return f.file.Sync()
}

func (f *telemetryFile) close() {
	if f != nil {
		f.file.Close() // every save has synced it
	}
}
