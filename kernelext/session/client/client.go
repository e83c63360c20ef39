// Package client hands a cell to the session of its kernel over a Unix socket in a folder that only the user can enter.
package client

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// Compile is the status of a cell that the session does not run: it is to be compiled.
const Compile = 125

// Environment variables by which the kernel says where things are.
const (
	DirVariable     = "CNNBOOK_SESSION_DIR" // the session's folder
	ProgramVariable = "CNNBOOK_SESSION_PROGRAM"
	ModuleVariable  = "CNNBOOK_SESSION_MODULE" // the checkout that the session was built from
	PipeVariable    = "GONB_PIPE"
	BackVariable    = "GONB_PIPE_BACK"
)

// Names in the session's folder.
const (
	Socket  = "socket"
	Display = "display" // what gonbui in the session writes to
	Back    = "back"    // and reads from
)

// Request is one line that the client sends, with standard output, error and input beside it.
type Request struct {
	Check    bool // only say whether the session would run it
	Vars     bool // list the variables that live
	Reset    bool // end the session
	Order    bool // say in which order a compiled program has the cell's lines
	Editor   bool // give a file for a language server that is asked about a place of the cell
	Complete bool // list the names that may stand at a place of the cell
	Bare     bool // without what lives
	Input    bool // standard input is what a person answers
	Line     int  // the place, counted from 0
	Col      int
	Number   int // of the cell
	Source   string
	Env      []string
	Dir      string
	Pipe     string // to the kernel, for what gonbui writes
	Back     string // from the kernel
}

// asks says whether the request is a question about a cell, and runs none.
func (r Request) asks() bool { return r.Check || r.Order || r.Editor || r.Complete }

// Answer is one line that the session sends when the cell has ended.
type Answer struct {
	Status int
	Reason string
}

// Main is the program. Its argument is the cell's number, after -check if the cell is not to run, or one of -start, -vars, -reset,
// -order, and -editor or -complete with a line and a column of the cell, counted from 0, and -compiled behind them for a cell that is
// compiled. Standard input is the cell. Its number may be followed by -input and the cell's size in bytes: then what a person answers comes behind the cell.
func Main(args []string) int {
	dir := os.Getenv(DirVariable)
	if dir == "" || len(args) == 0 {
		return Compile
	}
	r := Request{Env: os.Environ(), Pipe: os.Getenv(PipeVariable), Back: os.Getenv(BackVariable)}
	if args[0] == "-start" {
		conn, err := dial(dir)
		if err != nil {
			return 1
		}
		conn.Close()
		return 0
	}
	switch args[0] {
	case "-check":
		r.Check, args = true, args[1:]
	case "-vars":
		r.Vars, args = true, nil
	case "-reset":
		r.Reset, args = true, nil
	case "-order":
		r.Order, args = true, nil
	case "-editor", "-complete":
		if len(args) < 3 {
			return 1
		}
		r.Editor, r.Complete = args[0] == "-editor", args[0] == "-complete"
		r.Bare = len(args) > 3 && args[3] == "-compiled"
		r.Line, _ = strconv.Atoi(args[1])
		r.Col, _ = strconv.Atoi(args[2])
		args = nil
	}
	if len(args) > 0 {
		r.Number, _ = strconv.Atoi(args[0])
	}
	var err error
	if r.Source, err = cell(args); err != nil {
		return Compile
	}
	r.Input = len(args) > 2
	r.Dir, _ = os.Getwd()
	conn, err := dial(dir)
	if err != nil {
		if !r.asks() {
			fmt.Fprintln(os.Stderr, "error: the session does not start:", err)
		}
		return Compile
	}
	defer conn.Close()
	return ask(conn, r)
}

// cell reads the cell from standard input, and no more than it where that is followed by input.
func cell(args []string) (string, error) {
	if len(args) < 3 || args[1] != "-input" {
		source, err := io.ReadAll(os.Stdin)
		return string(source), err
	}
	size, err := strconv.Atoi(args[2])
	if err != nil || size < 0 {
		return "", fmt.Errorf("-input %s: expected the cell's size in bytes", args[2])
	}
	source := make([]byte, size)
	_, err = io.ReadFull(os.Stdin, source)
	return string(source), err
}

// dial connects to the session, and starts it if there is none.
func dial(dir string) (*net.UnixConn, error) {
	if err := owned(dir); err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	address := &net.UnixAddr{Name: filepath.Join(dir, Socket), Net: "unix"}
	if conn, err := connect(address); err == nil {
		return conn, nil
	}
	var err error
	wait := 0 // until another try to start one: the session that has crashed may have the lock for a moment
	// One that is on its way is waited for, for two minutes: a class that begins at once keeps a machine busy. Four that have ended are enough.
	starts := 0
	for try := 0; try < 12000 && starts < 5; try++ {
		if wait--; wait < 0 {
			started, err := Start(dir, os.Getenv(ProgramVariable), os.Getppid())
			if err != nil {
				return nil, err
			}
			if started {
				wait, starts = 500, starts+1
			}
		}
		var conn *net.UnixConn
		if conn, err = connect(address); err == nil {
			return conn, nil
		}
		time.Sleep(10 * time.Millisecond)
	}
	return nil, err
}

// Taken is what the session sends first.
const Taken = '+'

// connect connects to a session that takes the connection: the socket of one that is about to end accepts connections, too.
func connect(address *net.UnixAddr) (*net.UnixConn, error) {
	conn, err := net.DialUnix("unix", nil, address)
	if err != nil {
		return nil, err
	}
	first := make([]byte, 1)
	if _, err := io.ReadFull(conn, first); err != nil || first[0] != Taken {
		conn.Close()
		return nil, fmt.Errorf("the session does not answer: %v", err)
	}
	return conn, nil
}

// Start starts the session of the kernel with the process id in dir, unless there is one or it is on its way.
func Start(dir, program string, kernel int) (started bool, err error) {
	if program == "" {
		return false, fmt.Errorf("%s names no program", ProgramVariable)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return false, err
	}
	if err := owned(dir); err != nil {
		return false, err
	}
	for _, name := range []string{Display, Back} {
		if err := syscall.Mkfifo(filepath.Join(dir, name), 0o600); err != nil && !os.IsExist(err) {
			return false, err
		}
	}
	// Whoever has the lock starts the session, which keeps it: there is one at a time.
	lock, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return false, err
	}
	defer lock.Close()
	if syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) != nil {
		return false, nil // it has it
	}
	log, err := os.OpenFile(filepath.Join(dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return false, err
	}
	defer log.Close()
	cmd := exec.Command(program, dir, strconv.Itoa(kernel))
	cmd.Stdout, cmd.Stderr = log, log
	cmd.ExtraFiles = []*os.File{lock}
	cmd.Env = append(os.Environ(), PipeVariable+"="+filepath.Join(dir, Display), BackVariable+"="+filepath.Join(dir, Back))
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	err = cmd.Start()
	return err == nil, err
}

// owned checks that dir is a folder that only the user can enter: whoever can connect to the session can run code as the user.
func owned(dir string) error {
	info, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	if st, ok := info.Sys().(*syscall.Stat_t); !ok || !info.IsDir() || info.Mode().Perm() != 0o700 || int(st.Uid) != os.Getuid() {
		return fmt.Errorf("%s is not a folder that only you can enter", dir)
	}
	return nil
}

// ask sends the request and gives the cell's status.
func ask(conn *net.UnixConn, r Request) int {
	data, err := json.Marshal(r)
	if err != nil {
		return Compile
	}
	// Before the cell has begun: an interrupt must not end this process, however soon it comes.
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	filter, stderr, err := filterErrors(os.Stderr)
	if err != nil {
		return Compile
	}
	_, _, err = conn.WriteMsgUnix([]byte{1}, syscall.UnixRights(1, int(stderr.Fd()), 0), nil)
	stderr.Close() // the session has it
	if err != nil {
		return Compile
	}
	if _, err := conn.Write(append(data, '\n')); err != nil {
		return Compile
	}
	go func() {
		for range signals {
			conn.Write([]byte("interrupt\n"))
		}
	}()
	line, err := bufio.NewReader(conn).ReadBytes('\n')
	var a Answer
	if err == nil {
		err = json.Unmarshal(line, &a)
	}
	trace := filter.end(err != nil)
	if err != nil {
		if r.asks() {
			return Compile
		}
		if r.Reset {
			restart()
			return 0
		}
		fmt.Fprintln(os.Stderr, "error:", ended(trace), "The next cell begins a fresh session.")
		return 1
	}
	if a.Reason != "" {
		fmt.Println(a.Reason)
	}
	return a.Status
}

// restart starts the next session, once the last one's process has let go of the lock. A cell would start it otherwise.
func restart() {
	dir := os.Getenv(DirVariable)
	_ = os.Remove(filepath.Join(dir, Socket))
	for range 20 {
		if started, err := Start(dir, os.Getenv(ProgramVariable), os.Getppid()); started || err != nil {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// ended says that the session's process has ended, why if that is known, and what is lost.
func ended(trace string) string {
	text := Lost(os.Getenv(DirVariable))
	if text == "" {
		text = "the session has ended, and with it what this cell declared."
	}
	return crashReason(trace) + ": " + text
}
