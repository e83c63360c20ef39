// Package serve is the process in which a kernel's values live: it takes cells from clients one after the other.
package serve

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/cnnbook/cnnbook/kernelext"
	"github.com/cnnbook/cnnbook/kernelext/session"
	"github.com/cnnbook/cnnbook/kernelext/session/client"
)

// MaxStack bounds a goroutine's stack, in bytes: endless recursion ends the process after a second, at a depth of about a
// million calls of a cell's function. Go's own bound, four times as much, takes 4 s and all the memory of a small machine.
const MaxStack = 256 << 20

// Server runs cells in a session.
type Server struct {
	Session *session.Session
	dir     string
	relay   *relay
	cells   chan struct{} // one at a time
	between *between      // what is printed since the last cell; nil before the first
	lost    string        // values that a session before this one ended with, not told yet
}

// Serve takes cells at the socket in dir until the kernel's process is gone.
func Serve(s *session.Session, dir string, kernel int) error {
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(dir, client.Socket+".new"), Net: "unix"})
	if err != nil {
		return err
	}
	l.SetUnlinkOnClose(false)
	srv := &Server{Session: s, dir: dir, cells: make(chan struct{}, 1)}
	if srv.relay, err = newRelay(dir); err != nil {
		return err
	}
	srv.lost = client.Lost(dir)
	if err := os.Rename(filepath.Join(dir, client.Socket+".new"), filepath.Join(dir, client.Socket)); err != nil {
		return err
	}
	signal.Ignore(syscall.SIGPIPE) // a client that was killed must not end the session by what its cell still prints
	go srv.endWith(kernel)
	for {
		conn, err := l.AcceptUnix()
		if err != nil {
			return err
		}
		go srv.answer(conn)
	}
}

// endWith ends the process when the kernel's is gone. A cell that runs has some seconds to save its work.
func (srv *Server) endWith(kernel int) {
	for syscall.Kill(kernel, 0) == nil {
		time.Sleep(500 * time.Millisecond)
	}
	srv.Session.Interrupt(kernelext.ErrKernelGone)
	select {
	case srv.cells <- struct{}{}:
	case <-time.After(5 * time.Second):
	}
	srv.relay.remove()
	os.RemoveAll(srv.dir)
	if dir := filepath.Dir(srv.dir); dir == os.Getenv("GONB_TMP_DIR") {
		os.RemoveAll(dir) // a kernel that was killed could not
	}
	os.Exit(0)
}

func (srv *Server) answer(conn *net.UnixConn) {
	defer conn.Close()
	if _, err := conn.Write([]byte{client.Taken}); err != nil {
		return
	}
	files, err := receive(conn)
	if err != nil {
		return
	}
	defer func() {
		for _, f := range files {
			syscall.Close(f)
		}
	}()
	in := bufio.NewReader(conn)
	line, err := in.ReadBytes('\n')
	var r client.Request
	if err != nil || json.Unmarshal(line, &r) != nil {
		return
	}
	a := client.Answer{}
	switch {
	case r.Reset:
		client.Lost(srv.dir)
		os.Exit(0)
	case r.Order:
		a = order(r.Source)
	case r.Editor:
		file, line := srv.Session.EditorFile(r.Source, r.Line, r.Col, !r.Bare)
		a.Reason = fmt.Sprintf("%d\n%s", line, file)
	case r.Complete:
		names, typed := srv.Session.Complete(r.Source, r.Line, r.Col, !r.Bare)
		a.Reason = strings.Join(append([]string{typed}, names...), "\n")
	case r.Vars:
		a.Reason = srv.Session.Vars() + fmt.Sprintf("\nThe session uses %d MB of memory.", memory()>>20)
	case r.Check:
		if err := srv.Session.Qualifies(r.Source); err != nil {
			a = client.Answer{Status: client.Compile, Reason: err.Error()}
		}
	default:
		a.Status = srv.run(r, files, in)
	}
	data, err := json.Marshal(a)
	if err == nil {
		conn.Write(append(data, '\n'))
	}
}

// memory is what the process uses, in bytes: as the system counts it, or else as Go does.
func memory() uint64 {
	if text, err := os.ReadFile("/proc/self/statm"); err == nil {
		var size, resident uint64
		if n, _ := fmt.Sscan(string(text), &size, &resident); n == 2 {
			return resident * uint64(os.Getpagesize())
		}
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.Sys
}

// order answers with the numbers of a cell's lines, counted from 0: a line of those before main, and one of those within it.
func order(source string) client.Answer {
	declarations, statements, ok := session.Program(source)
	if !ok {
		return client.Answer{Status: client.Compile}
	}
	words := func(lines []int) string { return strings.Trim(fmt.Sprint(lines), "[]") }
	return client.Answer{Reason: words(declarations) + "\n" + words(statements)}
}

// receive takes the client's standard output, error and input.
func receive(conn *net.UnixConn) ([]int, error) {
	buf, oob := make([]byte, 1), make([]byte, 64)
	_, n, _, _, err := conn.ReadMsgUnix(buf, oob)
	if err != nil {
		return nil, err
	}
	messages, err := syscall.ParseSocketControlMessage(oob[:n])
	if err != nil || len(messages) != 1 {
		return nil, errors.New("no files with the request")
	}
	files, err := syscall.ParseUnixRights(&messages[0])
	if err == nil && len(files) != 3 {
		err = fmt.Errorf("%d files with the request", len(files))
	}
	return files, err
}

// run runs a cell with the client's output as the process's own.
func (srv *Server) run(r client.Request, files []int, in *bufio.Reader) int {
	srv.cells <- struct{}{}
	defer func() { <-srv.cells }()
	adoptEnvironment(r)
	for i, f := range files[:2] {
		if err := dup2(f, i+1); err != nil {
			return client.Compile
		}
	}
	input, err := srv.takeInput(files[2], r.Input)
	if err != nil {
		return client.Compile
	}
	defer input.end()
	srv.showBetween(r.Pipe, r.Back)
	if srv.lost != "" {
		fmt.Fprintln(os.Stderr, "note: "+srv.lost)
		srv.lost = ""
	}
	defer func() { srv.between = listen(r.Number) }()
	ended := make(chan struct{})
	go func() {
		for {
			line, err := in.ReadString('\n')
			if err != nil {
				select {
				case <-ended:
				default:
					srv.Session.Interrupt(kernelext.ErrInterrupted) // the client is gone
					input.close()
				}
				return
			}
			if strings.TrimSpace(line) == "interrupt" {
				srv.Session.Interrupt(kernelext.ErrInterrupted)
				if input.cutOff() {
					srv.Session.Halt()
				}
			}
		}
	}()
	err = srv.Session.Eval(r.Number, r.Source)
	close(ended)
	if input.cut.Load() && !errors.Is(err, session.ErrInterrupted) { // it had io.EOF
		err = session.ErrInterrupted
	}
	client.Keep(srv.dir, srv.Session.Living())
	srv.relay.end(err == nil)
	return status(err)
}

// status says on standard error how a cell failed, and gives the client's status.
func status(err error) int {
	var exit session.ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit):
		return int(exit)
	case errors.Is(err, session.ErrInterrupted):
		text := strings.TrimPrefix(err.Error(), session.ErrInterrupted.Error())
		fmt.Fprintf(os.Stderr, "interrupted%s. Run this cell again to go on.\n", text)
		return 130
	}
	fmt.Fprintln(os.Stderr, "error:", err)
	return 1
}

// adoptEnvironment takes the kernel's variables and folder, which %env and %cd change. The pipes stay the session's own.
func adoptEnvironment(r client.Request) {
	for _, e := range r.Env {
		name, value, _ := strings.Cut(e, "=")
		switch name {
		case client.PipeVariable, client.BackVariable:
		default:
			os.Setenv(name, value)
		}
	}
	if r.Dir != "" {
		os.Chdir(r.Dir)
	}
}
