package session

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/types"
	"log"
	"os"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/goplus/ixgo"
)

// Patience is how long an interrupted cell may take to end. The kernel ends the client after 5 s. Loops of a cell with a context
// run on for half of it, so that its own code can see the context's end, save and draw.
var Patience = 3500 * time.Millisecond

// ErrInterrupted is what a cell that was interrupted ends with.
var ErrInterrupted = errors.New("interrupted")

// ExitError is the end of a cell that called os.Exit.
type ExitError int

func (e ExitError) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

// What ends a cell from within, as the value of a panic.
type (
	exit    int             // os.Exit
	goexit  struct{}        // runtime.Goexit
	halt    struct{}        // an interrupt
	failure struct{ error } // log.Fatal, or Fail
	unseen  struct{ error } // the error of a call that stands alone
)

// helperPath is the package by which a cell's code reaches its session.
const helperPath = "cnnbook/session/helpers"

func init() {
	ixgo.RegisterPackage(&ixgo.Package{
		Name: "helpers", Path: helperPath,
		Deps:       map[string]string{"context": "context"},
		Interfaces: map[string]reflect.Type{}, NamedTypes: map[string]reflect.Type{}, AliasTypes: map[string]reflect.Type{},
		Vars: map[string]reflect.Value{"Stop": reflect.ValueOf(new(bool))},
		Funcs: map[string]reflect.Value{
			"Show": reflect.ValueOf(func(...any) {}), "Drop": reflect.ValueOf(func(...any) {}),
			"Ctx": reflect.ValueOf(func() context.Context { return nil }), "Halt": reflect.ValueOf(func() {}),
			"Caught": reflect.ValueOf(func(any) {}), "At": reflect.ValueOf(func(int) {}), "Line": reflect.ValueOf(func(int) {}),
			"Own": reflect.ValueOf(func(any) any { return nil }),
		},
		TypedConsts: map[string]ixgo.TypedConst{}, UntypedConsts: map[string]ixgo.UntypedConst{},
	})
}

// running is the cell that runs, or ran last.
type running struct {
	stop    *bool // interpreted loops look at it
	heeds   bool  // the cell's code has a context
	reached atomic.Int64
	line    atomic.Int64 // of the statement on the outermost level that runs
	halt    atomic.Bool  // before the next of them
	runMu   sync.Mutex
	cancel  context.CancelCauseFunc
	base    context.Context // whose values cells' contexts have
	cellCtx context.Context
}

// registerHelpers gives cells' code this session's helpers, and its own versions of what would end the process.
func (s *Session) registerHelpers() {
	s.stop, s.base, s.cellCtx = new(bool), context.Background(), context.Background()
	p, _ := ixgo.LookupPackage(helperPath)
	s.stop = p.Vars["Stop"].Interface().(*bool)
	end := func(v ...any) { panic(failure{errors.New(strings.TrimSuffix(fmt.Sprint(v...), "\n"))}) }
	for key, fn := range map[string]any{
		helperPath + ".Show":   func(v ...any) { s.showValues(v) },
		helperPath + ".Drop":   func(v ...any) { endOnError(v) },
		helperPath + ".Ctx":    func() context.Context { return s.cellCtx },
		helperPath + ".Halt":   func() { panic(halt{}) },
		helperPath + ".Caught": caught,
		helperPath + ".Own":    own,
		helperPath + ".At":     func(i int) { s.reached.Store(int64(i)) },
		helperPath + ".Line": func(n int) {
			if s.halt.Load() {
				panic(halt{})
			}
			s.line.Store(int64(n))
		},
		"os.Exit":              func(code int) { panic(exit(code)) },
		"runtime.Goexit":       func() { panic(goexit{}) },
		"log.Fatal":            end,
		"log.Fatalf":           func(f string, v ...any) { end(fmt.Sprintf(f, v...)) },
		"log.Fatalln":          func(v ...any) { end(fmt.Sprintln(v...)) },
		"(*log.Logger).Fatal":  func(_ *log.Logger, v ...any) { end(v...) },
		"(*log.Logger).Fatalf": func(_ *log.Logger, f string, v ...any) { end(fmt.Sprintf(f, v...)) },
	} {
		s.ctx.RegisterExternal(key, fn)
	}
}

// Override makes cells call fn in place of a function that is compiled in, named as in "path/to/package.Func".
func (s *Session) Override(name string, fn any) { s.ctx.RegisterExternal(name, fn) }

// WithValues gives the contexts of the cells to come the values of ctx.
func (s *Session) WithValues(ctx context.Context) { s.base = context.WithoutCancel(ctx) }

// Context is the context of the cell that runs: it ends with the cell's interrupt.
func (s *Session) Context() context.Context {
	s.runMu.Lock()
	defer s.runMu.Unlock()
	return s.cellCtx
}

// Fail ends the cell that calls it with an error.
func Fail(err error) { panic(failure{err}) }

func (s *Session) showValues(v []any) {
	endOnError(v)
	if n := len(v); n > 0 && v[n-1] == nil {
		v = v[:n-1]
	}
	if len(v) == 0 || s.show == nil {
		return
	}
	if err := s.show(v...); err != nil {
		panic(unseen{err})
	}
}

func endOnError(v []any) {
	if n := len(v); n > 0 {
		if err, ok := v[n-1].(error); ok {
			panic(unseen{err})
		}
	}
}

// own gives what a cell's own recover may keep. What ends the cell goes on to do so.
func own(e any) any {
	switch e.(type) {
	case exit, goexit, halt, failure:
		panic(e)
	}
	return e
}

// caught tells of a panic in a goroutine, which has ended.
func caught(e any) {
	switch e := e.(type) {
	case halt, goexit:
	case exit:
		fmt.Fprintf(os.Stderr, "error: os.Exit(%d) in a goroutine ends that goroutine only\n", int(e))
	case failure:
		fmt.Fprintln(os.Stderr, "error: a goroutine ended:", panicText(e))
	default:
		fmt.Fprintln(os.Stderr, "error: a goroutine ended with a panic:", panicText(e))
	}
}

// Interrupt ends the cell that runs: its context and, at once or after half of [Patience] where its code has a context, its
// interpreted loops.
func (s *Session) Interrupt(cause error) {
	s.runMu.Lock()
	defer s.runMu.Unlock()
	if s.cancel == nil {
		return
	}
	s.cancel(cause)
	if !s.heeds {
		*s.stop = true
		return
	}
	ctx := s.cellCtx
	time.AfterFunc(Patience/2, func() {
		s.runMu.Lock()
		defer s.runMu.Unlock()
		if s.cancel != nil && s.cellCtx == ctx {
			*s.stop = true
		}
	})
}

// heedsContext says whether the cell's code has a context, at whose end it may save and draw.
func (c *cell) heedsContext() bool {
	for _, objects := range []map[*ast.Ident]types.Object{c.info.Uses, c.info.Defs} {
		for _, obj := range objects {
			if v, ok := obj.(*types.Var); ok && types.TypeString(v.Type(), nil) == "context.Context" {
				return true
			}
		}
	}
	return false
}

// Halt ends the cell that runs before its next statement, as if it were a loop that is interrupted.
func (s *Session) Halt() { s.halt.Store(true) }

// run runs a cell that is compiled.
func (s *Session) run(c *cell, in *ixgo.Interp) error {
	ctx, cancel := context.WithCancelCause(s.base)
	s.runMu.Lock()
	s.cancel, s.cellCtx, s.heeds, *s.stop = cancel, ctx, c.heedsContext(), false
	s.runMu.Unlock()
	s.reached.Store(-1)
	s.line.Store(0)
	s.halt.Store(false)
	if v, ok := s.env["ctx"].(*types.Var); ok {
		if p := s.byPkg[v.Pkg()]; p != nil {
			if addr, ok := p.vars["ctx"].Interface().(*context.Context); ok {
				*addr = ctx
			}
		}
	}
	changes := s.changes(c)
	s.move(c, in)
	done := make(chan error, 1)
	go func() {
		ended := errors.New("the cell's goroutine was ended")
		defer func() { done <- ended }()
		err := in.RunInit()
		if err == nil {
			_, err = in.RunFunc(bodyName)
		}
		if err == nil && c.hasMain() {
			_, err = in.RunFunc("main")
		}
		ended = err
	}()
	err := s.wait(ctx, done)
	s.runMu.Lock()
	s.cancel = nil
	*s.stop = false
	s.runMu.Unlock()
	reached := int(s.reached.Load())
	if err == nil {
		reached = len(c.chunks)
	}
	s.adopt(c, in, reached)
	for _, note := range s.staleNotes(c, changes) {
		fmt.Fprintln(os.Stderr, note)
	}
	s.recordUses(c)
	return s.outcome(c, ctx, err)
}

func (c *cell) hasMain() bool {
	for _, ch := range c.chunks {
		if ch.kind == function && ch.names[0] == "main" {
			return true
		}
	}
	return false
}

var errBusy = fmt.Errorf("%w: busy with what cannot be stopped; its result is dropped", ErrInterrupted)

// wait waits for the end of a cell, but not for long once it is interrupted.
func (s *Session) wait(ctx context.Context, done <-chan error) error {
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	select {
	case err := <-done:
		return err
	case <-time.After(Patience):
		return errBusy
	}
}

// outcome is a cell's end as an error for people.
func (s *Session) outcome(c *cell, ctx context.Context, err error) error {
	if err == nil || errors.Is(err, errBusy) {
		return err
	}
	value, stack := any(err), ""
	switch e := err.(type) {
	case ixgo.PanicError:
		value, stack = e.Value, string(e.Stack())
	case ixgo.FatalError:
		value, stack = e.Value, string(e.Stack())
	}
	if inner, ok := value.(ixgo.PanicError); ok {
		value, stack = inner.Value, string(inner.Stack())+stack
	}
	p := &Problem{Cell: c.n}
	p.Cell, p.Line = placeOf(stack, c.n)
	if p.Line == 0 && p.Cell == c.n {
		p.Line = int(s.line.Load())
	}
	switch v := value.(type) {
	case exit:
		if v == 0 {
			return nil
		}
		return ExitError(v)
	case goexit:
		p.Text = "runtime.Goexit ended the cell"
	case halt:
		return ErrInterrupted
	case failure:
		p.Err, p.Text = v.error, v.error.Error()
	case unseen:
		p.Err, p.Text = v.error, v.error.Error()
		p.Cell, p.Line = c.n, int(s.line.Load())
	case error:
		p.Err, p.Text = v, panicText(v)
		var r runtimeError
		if errors.As(v, &r) || !ctxEnded(ctx) {
			p.Text = "panic: " + panicText(v)
		}
		if !errors.As(v, &r) {
			p.Text = v.Error() // a short call that failed
		}
	default:
		p.Text = "panic: " + panicText(v)
	}
	if cause := context.Cause(ctx); cause != nil && p.Err != nil && (errors.Is(p.Err, context.Canceled) || errors.Is(p.Err, cause)) {
		text := p.Text
		for _, tail := range []string{context.Canceled.Error(), cause.Error()} {
			text = strings.TrimSuffix(strings.TrimSuffix(text, tail), ": ")
		}
		if text != "" {
			return fmt.Errorf("%w: %s", ErrInterrupted, text)
		}
		return ErrInterrupted
	}
	return p
}

type runtimeError interface {
	error
	RuntimeError()
}

func ctxEnded(ctx context.Context) bool { return ctx.Err() != nil }

var stackPlace = regexp.MustCompile(`cell\[(\d+)\]:(\d+)`)

// placeOf finds the place in a cell in a stack; the innermost comes first.
func placeOf(stack string, n int) (cell, line int) {
	m := stackPlace.FindStringSubmatch(stack)
	if m == nil {
		return n, 0
	}
	cell, _ = strconv.Atoi(m[1])
	line, _ = strconv.Atoi(m[2])
	return cell, line
}

// panicText is the value of a panic in one line.
func panicText(v any) (s string) {
	defer func() {
		if e := recover(); e != nil {
			s = fmt.Sprintf("%T", v)
		}
	}()
	switch v := v.(type) {
	case ixgo.PanicError:
		return panicText(v.Value)
	case error:
		return strings.TrimSpace(v.Error())
	}
	return strings.TrimSpace(fmt.Sprint(v))
}
