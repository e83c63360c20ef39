// Package hdf5 reads and writes the part of the HDF5 format that Keras's weight
// files use: a tree of groups, float32 arrays, and attributes that are strings
// or lists of strings. It exists because no Go library wrote files that Keras reads:
// scigolib/hdf5 0.13.1 has no lists of strings as attributes, and h5py does not open
// what it writes; gonum's hdf5 needs the C library.
//
// # What is written
//
// Superblock version 0; groups as symbol tables (a version-1 B-tree of one
// level over nodes of eight entries, and a local heap for the names); object
// headers version 1; contiguous little-endian IEEE datasets; fixed-length,
// null-padded strings. Every HDF5 library since 1.0 reads that. A group
// holds at most 256 children, and an attribute at most some 64,000 bytes.
//
// # What is read
//
// All versions of the format from HDF5 1.0 to 2.0, as h5py writes them: superblocks 0 to 3,
// object headers 1 and 2, groups as symbol tables, as links in their headers and as
// indexed links in fractal heaps; attributes in headers and in heaps, variable-length
// strings among them. Arrays of float16, bfloat16 (also as the opaque byte pairs
// that NumPy writes), float32 and float64, of either byte order, become float32.
// They may be contiguous, compact or chunked, with gzip, LZF, shuffle and Fletcher-32.
//
// An array of another type, with another filter, with missing chunks, or (in the latest
// version of the format) that can grow along an axis other than the first, is kept without
// values but with the reason, so that a file is readable if the needed arrays are.
// Attributes of other types are left out, and so are links to other files.
//
// Files whose parts overlap are refused: no byte is read more often than in a valid
// file. Time and memory grow at most linearly with the file's length: a byte of a
// compressed chunk unpacks to at most 1,032 bytes.
//
// The format is specified at https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html,
// whose terms are used in the comments.
package hdf5

import (
	"errors"
	"strings"
)

// ErrFormat means that bytes are not HDF5, are damaged, or use a part of the format that
// this package does not support.
var ErrFormat = errors.New("bad HDF5")

// Group is a node of the tree.
type Group struct {
	Attributes map[string]any // each a string or a []string
	Groups     map[string]*Group
	Datasets   map[string]*Dataset
}

// Dataset is an array in row-major order.
type Dataset struct {
	Shape       []int
	Values      []float32
	Unsupported string // the reason why Values is missing; otherwise empty
}

// NewGroup returns an empty group.
func NewGroup() *Group {
	return &Group{Attributes: map[string]any{}, Groups: map[string]*Group{}, Datasets: map[string]*Dataset{}}
}

// Group returns the child with that name, and creates it if it does not exist.
func (g *Group) Group(name string) *Group {
	child := g.Groups[name]
	if child == nil {
		child = NewGroup()
		g.Groups[name] = child
	}
	return child
}

const (
	leafK     = 4  // a symbol-table node holds 2·leafK entries
	internalK = 16 // a B-tree node holds 2·internalK children

	maxChildren = 2 * leafK * 2 * internalK
	undefined   = ^uint64(0)

	messageDataspace    = 0x01
	messageDatatype     = 0x03
	messageFill         = 0x05
	messageLayout       = 0x08
	messageAttribute    = 0x0c
	messageContinuation = 0x10
	messageSymbolTable  = 0x11
)

var signature = [8]byte{0x89, 'H', 'D', 'F', '\r', '\n', 0x1a, '\n'}

// Path returns the group at a path of names separated by slashes, and creates it if it does not exist.
func (g *Group) Path(path string) *Group {
	for name := range strings.SplitSeq(path, "/") {
		if name != "" {
			g = g.Group(name)
		}
	}
	return g
}

// FindGroup returns the group at a path of names separated by slashes, or nil.
func (g *Group) FindGroup(path string) *Group {
	for name := range strings.SplitSeq(path, "/") {
		if g != nil && name != "" {
			g = g.Groups[name]
		}
	}
	return g
}

// Find returns the array at a path of names separated by slashes, or nil.
func (g *Group) Find(path string) *Dataset {
	for g != nil {
		if d := g.Datasets[path]; d != nil {
			return d
		}
		name, rest, below := strings.Cut(path, "/")
		if !below {
			return nil
		}
		g, path = g.Groups[name], rest
	}
	return nil
}
