package serve

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
	"time"

	_ "github.com/goplus/ixgo/pkg"

	"github.com/cnnbook/cnnbook/kernelext/session"
	"github.com/cnnbook/cnnbook/kernelext/session/client"
)

// envRole makes the test's program the client; with two arguments, a folder and a process, it is the session.
const envRole = "SESSION_TEST_ROLE"

func TestMain(m *testing.M) {
	switch role := os.Getenv(envRole); {
	case role == "":
		os.Exit(m.Run())
	case len(os.Args) == 3:
		debug.SetMaxStack(MaxStack)
		s, err := session.New(func(v ...any) error { _, err := fmt.Println(v...); return err })
		if err == nil {
			kernel, _ := strconv.Atoi(os.Args[2])
			err = Serve(s, os.Args[1], kernel)
		}
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	default:
		os.Exit(client.Main(os.Args[1:]))
	}
}

// kernel hands cells to a session as GoNB does.
type kernel struct {
	t   *testing.T
	dir string
	n   int
}

func newKernel(t *testing.T) *kernel {
	dir, err := os.MkdirTemp("", "s") // a socket's path has to be short
	if err != nil {
		t.Fatal(err)
	}
	k := &kernel{t: t, dir: filepath.Join(dir, "session")}
	t.Cleanup(func() {
		k.client("", "-reset")
		os.RemoveAll(dir)
	})
	return k
}

// client runs the client and gives what it prints, and how it ended.
func (k *kernel) client(source string, args ...string) (stdout, stderr string, status int) {
	k.t.Helper()
	program, err := os.Executable()
	if err != nil {
		k.t.Fatal(err)
	}
	cmd := exec.Command(program, args...)
	cmd.Env = append(os.Environ(), envRole+"=client", client.DirVariable+"="+k.dir, client.ProgramVariable+"="+program)
	cmd.Stdin = strings.NewReader(source)
	var out, problems bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &problems
	if err := cmd.Run(); cmd.ProcessState == nil {
		k.t.Fatal(err)
	}
	return out.String(), problems.String(), cmd.ProcessState.ExitCode()
}

// run runs the next cell.
func (k *kernel) run(source string) (stdout, stderr string, status int) {
	k.t.Helper()
	k.n++
	return k.client(source, strconv.Itoa(k.n))
}

// want runs a cell that prints want and nothing on standard error.
func (k *kernel) want(source, want string) {
	k.t.Helper()
	if out, problems, status := k.run(source); out != want || problems != "" || status != 0 {
		k.t.Errorf("cell [%d] %q: got %q, %q and status %d, want %q", k.n, source, out, problems, status, want)
	}
}

// later runs a cell whose goroutine does something once the cell has ended, and waits until that is done.
func (k *kernel) later(do string) {
	k.t.Helper()
	done := filepath.Join(k.t.TempDir(), "done")
	k.want(fmt.Sprintf("go func() { time.Sleep(100 * time.Millisecond); %s; os.WriteFile(%q, nil, 0o600) }()", do, done), "")
	k.await("the goroutine's end", func() bool { _, err := os.Stat(done); return err == nil })
	time.Sleep(100 * time.Millisecond) // the session reads the last of its output
}

// await waits for something that a busy machine may do late.
func (k *kernel) await(what string, done func() bool) {
	k.t.Helper()
	for end := time.Now().Add(30 * time.Second); !done(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			k.t.Fatalf("%s has not come in 30 s", what)
		}
	}
}

func TestOutputBetweenCells(t *testing.T) {
	k := newKernel(t)
	k.want("x := 1", "")
	k.later(`fmt.Println("late")`)
	k.want("x", "[printed after cell [2] had ended]\nlate\n[this cell]\n1\n")
	k.want("x", "1\n")
	k.later("for i := range 10000 { fmt.Println(i) }")
	out, _, _ := k.run("x")
	if !strings.HasPrefix(out, "[printed after cell [5] had ended; ") || !strings.HasSuffix(out, "\n9999\n[this cell]\n1\n") || len(out) > mostBetween+200 {
		t.Errorf("%d bytes: %.200q", len(out), out)
	}
}

// TestCrash: a cell that no process survives says what is lost, once.
func TestCrash(t *testing.T) {
	k := newKernel(t)
	k.want("x, y := 1, 2", "")
	k.want("func f(n int) int { return f(n+1) + 1 }", "")
	const lost = "the session has ended, and what the cells declared is lost: x and y of cell [1]; f of cell [2]. Run these cells again."
	const crash = "import \"syscall\"\nsyscall.Kill(syscall.Getpid(), syscall.SIGKILL); time.Sleep(time.Second)"
	out, problems, status := k.run(crash)
	if want := "error: killed (for want of memory?), or a crash in C: " + lost + " The next cell begins a fresh session.\n"; out != "" || problems != want || status != 1 {
		t.Errorf("got %q, %q and status %d, want %q", out, problems, status, want)
	}
	if _, problems, _ := k.run("x"); !strings.Contains(problems, "undefined: x") || strings.Contains(problems, "lost") {
		t.Errorf("after the crash: %q", problems)
	}
	k.want("x := 3", "")
	// It ends between two cells.
	k.want("go func() { time.Sleep(100 * time.Millisecond); syscall.Kill(syscall.Getpid(), syscall.SIGKILL) }()", "")
	k.await("the session's end", func() bool {
		conn, err := net.Dial("unix", filepath.Join(k.dir, client.Socket))
		if err == nil {
			conn.Close()
		}
		return err != nil
	})
	const note = "note: the session has ended, and what the cells declared is lost: x of cell [5]. Run these cells again.\n"
	if out, problems, status := k.run("1 + 1"); out != "2\n" || problems != note || status != 0 {
		t.Errorf("got %q, %q and status %d, want %q", out, problems, status, note)
	}
	k.want("1 + 1", "2\n")
	k.client("", "-reset")
	k.want("2 + 1", "3\n")
}

// TestCrashIsOneLine: what the runtime prints as it ends the process is not shown; the reason is.
func TestCrashIsOneLine(t *testing.T) {
	k := newKernel(t)
	for source, want := range map[string]string{
		"func deep(n int) int { return deep(n+1) + 1 }\nfmt.Fprintln(os.Stderr, \"before\"); deep(0)": "endless recursion (stack overflow)",
		`fmt.Fprintln(os.Stderr, "before")
m := map[int]int{}
for i := range 8 { go func() { for { m[i] = i } }() }
time.Sleep(20 * time.Second)`: "concurrent map writes",
	} {
		k.want("x := 1", "")
		_, problems, status := k.run(source)
		want := fmt.Sprintf("before\nerror: %s: the session has ended, and what the cells declared is lost: x of cell [%d]. Run these cells again. The next cell begins a fresh session.\n", want, k.n-1)
		if problems != want || status != 1 {
			t.Errorf("got %.2000q and status %d, want %q", problems, status, want)
		}
	}
	// What only looks like a crash is shown.
	const like = "first\nfatal error: of the author's\nand more\n"
	if _, problems, _ := k.run(fmt.Sprintf("fmt.Fprint(os.Stderr, %q)", like)); problems != like {
		t.Errorf("got %q, want %q", problems, like)
	}
}

// TestFolderIsTheUsersOwn: nobody else can enter the session's folder, and a folder that others can enter is refused.
func TestFolderIsTheUsersOwn(t *testing.T) {
	k := newKernel(t)
	k.want("x := 1", "")
	info, err := os.Stat(k.dir)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	for _, name := range []string{client.Display, client.Back, "lock", "log", "living"} {
		if info, err := os.Stat(filepath.Join(k.dir, name)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
	os.Chmod(k.dir, 0o711)
	if _, problems, status := k.run("x"); status != client.Compile || !strings.Contains(problems, "is not a folder that only you can enter") {
		t.Errorf("with a session in a folder that was opened: %q and status %d", problems, status)
	}
	os.Chmod(k.dir, 0o700)
	open := newKernel(t)
	if err := os.Mkdir(open.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(open.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if _, problems, status := open.run("x := 1"); status != client.Compile || !strings.Contains(problems, "is not a folder that only you can enter") {
		t.Errorf("in an open folder: %q and status %d", problems, status)
	}
}
