package kerneltest

import (
	"testing"

	"github.com/cnnbook/cnnbook/kernelext"
)

// trainSmall trains a run of one step and saves it.
const trainSmall = `import "github.com/cnnbook/cnnbook/cifar"
train, _ := cifar.Drawn(1, 20, 10)
config := cnn.Config{Batch: 20, Epochs: 1}
kept, err := cnn.OpenRun(os.Getenv("CNNBOOK_RUNS"), cnn.Spec{Name: "kept", Network: cnn.WriteUp(), Train: train, Valid: train, Config: config})
if err != nil {
	log.Fatal(err)
}
if err := kept.Train(ctx, nil); err != nil {
	log.Fatal(err)
}
kept.Close()`

// openSmall opens it in a fresh session, and evaluates it.
const openSmall = `import "github.com/cnnbook/cnnbook/cifar"
train, _ := cifar.Drawn(1, 20, 10)
again, err := cnn.FindRun(os.Getenv("CNNBOOK_RUNS"), "kept")
if err != nil {
	log.Fatal(err)
}
if n := len(again.History.Epochs); n != 1 {
	log.Fatal(n, " epochs")
}
if _, err := again.Evaluate(ctx, train, nil); err != nil {
	log.Fatal(err)
}`

// limitMemory leaves the session's process a gigabyte more than it has, so that running out of memory does not hurt the machine.
const limitMemory = `text, err := os.ReadFile("/proc/self/statm")
if err != nil {
	log.Fatal(err)
}
var pages uint64
fmt.Sscan(string(text), &pages)
most := pages*uint64(os.Getpagesize()) + 1<<30
if err := syscall.Setrlimit(syscall.RLIMIT_AS, &syscall.Rlimit{Cur: most, Max: most}); err != nil {
	log.Fatal(err)
}`

// crashInC lets a thread crash that runs C alone: one of XLA's.
const crashInC = `tasks, _ := os.ReadDir("/proc/self/task")
own, _ := os.ReadFile("/proc/self/comm")
for _, task := range tasks {
	name, _ := os.ReadFile("/proc/self/task/" + task.Name() + "/comm")
	if tid, _ := strconv.Atoi(task.Name()); len(name) > 0 && string(name) != string(own) {
		syscall.RawSyscall(syscall.SYS_TGKILL, uintptr(os.Getpid()), uintptr(tid), uintptr(syscall.SIGSEGV))
		time.Sleep(20 * time.Second)
	}
}
log.Fatal("no thread runs C alone")`

// TestCrashes ends the session in the ways that no process survives. Each time the cell says that values are lost, and which cells to run
// again; the next cell has a fresh session, and a run that was saved is whole.
//
// Promise(kernel/values) after running out of memory and a crash in C
func TestCrashes(t *testing.T) {
	t.Setenv(kernelext.EnvRuns, t.TempDir())
	const lost = "the session has ended, and what the cells declared is lost: "
	runWrong(t, []wrongCell{
		{cell: trainSmall},
		{cell: limitMemory},
		{cell: "var all [][]byte\nfor {\n\tall = append(all, make([]byte, 32<<20))\n}", err: "out of memory: " + lost + "config, kept and train of cell [1]; "},
		{cell: "kept", err: "undefined: kept", lines: 4},
		{cell: openSmall},
		{cell: crashInC, err: "killed (for want of memory?), or a crash in C: " + lost + "again, err and train of cell [5]. Run these cells again."},
		{cell: openSmall},
		{cell: "import \"unsafe\"\n*(*int)(unsafe.Pointer(uintptr(0xdead000))) = 1", err: "a pointer to memory that is not the program's: " + lost},
		{cell: openSmall},
		{cell: "syscall.Kill(os.Getpid(), syscall.SIGABRT)\ntime.Sleep(20 * time.Second)", err: "SIGABRT: abort: " + lost},
		{cell: openSmall},
	})
}
