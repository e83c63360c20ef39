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
	"strconv"
	"syscall"

	"github.com/cnnbook/cnnbook/kernelext/session"
	_ "github.com/cnnbook/cnnbook/kernelext/session/registered"
	"github.com/cnnbook/cnnbook/kernelext/session/serve"
	"github.com/cnnbook/cnnbook/kernelext/session/show"
)

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: cnnbook-session DIR PID")
	}
	syscall.CloseOnExec(3) // the lock that the client took
	pid, err := strconv.Atoi(os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	s, err := session.New(show.Values)
	if err != nil {
		log.Fatal(err)
	}
	for _, p := range []string{"notebooks/lab", "viz", "cnn/exchange", "cnn/diagram", "kernelext"} {
		if err := s.Preload("github.com/cnnbook/cnnbook/" + p); err != nil {
			log.Println(err)
		}
	}
	s.Override("github.com/cnnbook/cnnbook/kernelext.Cell", func(body func(context.Context) error) {
		if err := body(s.Context()); err != nil {
			session.Fail(err)
		}
	})
	log.Fatal(serve.Serve(s, os.Args[1], pid))
}
