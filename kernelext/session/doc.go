// Package session keeps a Go program alive between the cells of a notebook.
//
// Each cell becomes a package that github.com/goplus/ixgo interprets, with the standard library, this module's packages and
// gonum/plot compiled in. The package sees the newest of each name that the cells before it declared: variables keep their
// addresses, and types their identity, so that errors.As, type switches and comparisons are right across cells. The cost
// of a cell does not depend on how many came before.
//
//	Session.Eval   split → plan → source → check → build → run → adopt
//	native.go      functions that are compiled; compiled builds them as plugins
//	client, serve  the way from the kernel to the process and back, over a Unix socket in a folder of the user's own
//	EditorFile     what a language server reads, to complete and explain what is in a cell
//	Program        the order of a cell's lines in a compiled program
//	modules        what a compiled cell imports and the workspace lacks, added without moving other modules
//	registered     what cells can import; go generate writes it from internal/register's list
//
// # Cells
//
// Imports, declarations and statements may be mixed. The value of the last expression is shown, unless a semicolon follows.
// An expression that stands alone and whose last value is an error which is not nil ends the cell. Variables that a failing
// cell did not come to keep their old values. ctx is the context of the cell that runs.
//
// # Declaring again
//
// A variable declared again with the same type stays the same variable; with another type it is a new one, and functions of
// earlier cells go on using the old one. A function declared again is used by functions of earlier cells, which are compiled
// again for it, but not by methods. When a type is declared again or gets another method, what mentions it is compiled again.
// Variables of it keep their values if its fields are the same, and must be set anew if not.
//
// # Stale cells
//
// A cell that declares again what later cells have used, or runs again and sets it, says which cells used the earlier one. Uses
// are those that go/types finds, through functions too. Not told are uses of what a stale cell declared in its turn, changes within
// a value (a map's entries, a struct's fields), and a declaration that leaves a function's text or a basic value as it was.
//
// # Loops
//
// An interpreted addition takes some 100 ns, a hundred times that of a compiled one: ten million additions in a loop take 1.3 s, and a
// loop over the pixels of 10,000 images takes 6 s ("go run . bench --cells" on two processors). Packages are compiled:
// cifar.Dataset's Stats loops over the same pixels in 0.1 s. A function of a cell can be, too, if the line above it says so:
//
//	//cnnbook:compile
//	func brightness(d *cifar.Dataset) (total int) {
//		for i := range d.Len() {
//			for _, v := range d.Pixels(i) {
//				total += int(v)
//			}
//		}
//		return total
//	}
//
// It is built as a Go plugin of the session (package compiled), in 0.6 s, and loops over those pixels in 0.04 s. The first function
// that imports a package such as cnn takes a minute or two more, once: Go compiles the package, and what it imports, anew for plugins.
// Arguments and results are of the session's own types and not copied. Such a function has its arguments and packages, and nothing
// that cells declare: no variables, types or functions, other than those that are marked in its own cell. An interrupt does not
// stop its loops; give it ctx and let it look at ctx.Err.
//
// # Differences between the interpreter and compiled Go
//
// Guarded here, each with a test:
//
//   - The order of evaluation that the language leaves open (return x, x.f()) is that of Go's compiler: order.go. Not within
//     the right side of && and ||, the conditions of for, and cases of switch.
//   - Parallel assignments in loops (a, b = b, a): ixgo v1.1.1 evaluates phi nodes one after the other; phi.go puts them in
//     an order in which that is right, or has the cell built without them.
//   - defer in the body of a range over a function: rewrite.go.
//   - Methods that begin in lower case are reached by reflection and therefore exported inside (M__name): rewrite.go. A method
//     that shares its name with a field of a cell's struct is not, and cannot be called through an interface by another cell.
//   - Methods of earlier cells' types, called through an interface: check.go (invokes).
//   - Struct types without a name and with unexported fields, in several cells: check.go (shareStructs).
//   - Literals of earlier cells' structs without the fields' names: check.go (nameFields).
//   - Room for methods is bounded (some 8,000): a cell that does not fit is refused.
//   - recover() in a cell's own function lets pass what ends the cell: an interrupt, os.Exit, log.Fatal, runtime.Goexit: rewrite.go.
//     In a goroutine, os.Exit ends only that goroutine.
//   - A panic in a goroutine ends the goroutine, where it is a function literal or a call without arguments.
//   - Packages that are not registered are never interpreted from source: such cells are compiled.
//
// Not guarded:
//
//   - Generic functions and types of registered packages (some of errors, reflect, maphash and crypto) are undefined, with
//     an error: begin such a cell with %compiled.
//   - Endless recursion ends the process, as it does a compiled program; so do concurrent writes to a map and a crash in C. The
//     cell says so in one line, and which cells to run again. Recursion may be a million calls deep (serve.MaxStack), four times
//     less than compiled.
//   - What goroutines print and display between two cells comes at the start of the next cell's output, below a line that says so (the
//     last 16 KiB and the last 16 displays). An update of what a cell displayed goes there, when the next cell starts. During a cell,
//     all that goroutines print and display belongs to that cell.
//   - %T of instances of generic types.
//   - Interpreted loops are slow, see below.
package session

//go:generate go run ./internal/register/write
