// Package docker generates the files for running cnnbook elsewhere: container images for CPU and CUDA, and what Binder,
// JupyterHub and Codespaces need. They are generated because each version is stated in one place only: Go's in go.mod, those
// of the Python packages and the plugin in kernelext/setup, and what only these files need in pins.json in this folder.
//
//	go generate ./docker
//
// writes them; a test fails while they are out of date. README.md in this folder describes their use.
package docker

//go:generate go run ./generate
