// Package onnx holds the messages of ONNX files, generated from the format's own schema.
//
// onnx.proto is that of onnx 1.23.2 on PyPI, and LICENSE is its licence (Apache-2.0). Two lines
// differ: the Go package, and the schema's package, which is cnnbook.onnx: another library in
// the same program registers the name onnx. The names are not part of a file. To generate
// onnx.pb.go again, with protoc 35.1 and protoc-gen-go 1.36.11, in a folder that holds onnx.proto as
// cnnbook/onnx.proto:
//
//	protoc --go_out=. --go_opt=paths=source_relative cnnbook/onnx.proto
package onnx
