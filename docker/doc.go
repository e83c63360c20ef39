// Package docker makes the files by which others start cnnbook: a container image for CPU and for CUDA, and what Binder,
// JupyterHub and Codespaces need. They are generated, because versions live in one place: Go's in go.mod, the Python
// packages' and the plugin's in kernelext/setup, and what only these files need in pins.json beside this one.
//
//	go generate ./docker
//
// writes them anew; a test fails while they are not what it would write. See README.md in this folder for their use.
package docker

//go:generate go run ./generate
