// Package docker generates the files for container images with cnnbook, for CPU and for CUDA, and the files that Binder,
// JupyterHub and Codespaces need. They are generated, because each version is defined in one place: Go's in go.mod, the Python
// packages' and the plugin's in kernelext/setup, and what only these files need in pins.json in this folder.
//
//	go generate ./docker
//
// rewrites them; a test fails if they are out of date. See README.md in this folder for their use.
package docker

//go:generate go run ./generate
