// Package hdf5 reads and writes the part of the HDF5 format that Keras's weight
// files use: a tree of groups, float32 arrays, and attributes that are strings
// or lists of strings. It is there because no library in Go wrote what Keras reads:
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
// All forms of the format from HDF5 1.0 to 2.0, as h5py writes them: superblocks 0 to 3,
// object headers 1 and 2, groups as symbol tables, as links in their headers and as
// indexed links in fractal heaps; attributes in headers and in heaps, variable-length
// strings among them. Arrays of float16, bfloat16 (also as the opaque pairs of bytes
// that NumPy makes of it), float32 and float64, of either byte order, become float32.
// They may be contiguous, compact or chunked, with gzip, LZF, shuffle and Fletcher-32.
//
// An array of another type, with another filter, with chunks missing, or with room to
// grow along other axes than its first in a file of the latest form, is kept with a note of
// why it has no values, so that a file is readable as long as the arrays that matter are. Attributes of other types are
// left out, and so are links to elsewhere.
//
// Files whose parts overlap are refused: no byte is read more often than a writer would
// have it. Time and memory grow with the file's length at most: a byte of a
// compressed chunk unpacks to at most 1,032.
//
// The format is specified at https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html,
// whose terms are used in the comments.
package hdf5

import (
	"errors"
	"strings"
)

// ErrFormat: bytes that are not HDF5, are damaged, or use a part of it that this
// package does not know.
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
	Unsupported string // why Values is missing; empty if it is there
}

// NewGroup is an empty group.
func NewGroup() *Group {
	return &Group{Attributes: map[string]any{}, Groups: map[string]*Group{}, Datasets: map[string]*Dataset{}}
}

// Group is the child of that name, made if it is not there.
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

// Path is the group at a path of names divided by slashes, made if it is not there.
func (g *Group) Path(path string) *Group {
	for name := range strings.SplitSeq(path, "/") {
		if name != "" {
			g = g.Group(name)
		}
	}
	return g
}

// FindGroup is the group at a path of names divided by slashes, or nil.
func (g *Group) FindGroup(path string) *Group {
	for name := range strings.SplitSeq(path, "/") {
		if g != nil && name != "" {
			g = g.Groups[name]
		}
	}
	return g
}

// Find is the array at a path of names divided by slashes, or nil.
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
