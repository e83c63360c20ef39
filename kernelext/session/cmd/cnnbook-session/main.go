// Command cnnbook-session is the process in which the values of a kernel's cells live.
//
//	cnnbook-session DIR PID
//
// It listens on a socket in DIR, a folder that only the user can enter, and ends when the kernel, process PID, has ended.
package main

import (
	"context"
	"log"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"syscall"

	"github.com/cnnbook/cnnbook/cnn"
	"github.com/cnnbook/cnnbook/kernelext"
	"github.com/cnnbook/cnnbook/kernelext/session"
	"github.com/cnnbook/cnnbook/kernelext/session/client"
	"github.com/cnnbook/cnnbook/kernelext/session/compiled"
	_ "github.com/cnnbook/cnnbook/kernelext/session/registered"
	"github.com/cnnbook/cnnbook/kernelext/session/serve"
	"github.com/cnnbook/cnnbook/kernelext/session/show"
)

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: cnnbook-session DIR PID")
	}
	syscall.CloseOnExec(3) // the lock that the client took
	debug.SetMaxStack(serve.MaxStack)
	pid, err := strconv.Atoi(os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	s, err := session.New(show.Values)
	if err != nil {
		log.Fatal(err)
	}
	builder := compiled.Builder{Module: os.Getenv(client.ModuleVariable), Dir: filepath.Join(os.Args[1], "compiled"), Flags: compiled.Flags}
	s.Compile(builder.Build)
	s.WithValues(cnn.WithCache(context.Background(), cnn.NewCache())) // trainings of different cells share what they can
	kernelext.InSession(s.Context)
	s.Own("github.com/cnnbook/cnnbook")
	for _, p := range []string{"notebooks/lab", "viz", "cnn", "cnn/exchange", "cnn/diagram", "cifar", "kernelext"} {
		if err := s.Preload("github.com/cnnbook/cnnbook/" + p); err != nil {
			log.Println(err)
		}
	}
	if err := s.Preload("gonum.org/v1/plot"); err != nil {
		log.Println(err)
	}
	s.Override("github.com/cnnbook/cnnbook/kernelext.Cell", func(body func(context.Context) error) {
		if err := body(s.Context()); err != nil {
			session.Fail(err)
		}
	})
	log.Fatal(serve.Serve(s, os.Args[1], pid))
}
