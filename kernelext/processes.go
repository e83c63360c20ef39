package kernelext

// process is one process of this machine, as far as the doctor and the laboratory look at it.
type process struct {
	PID    int
	Parent int
	Start  string // when it began, in the kernel's own units: tells a process from a later one of the same number
	Name   string // of its program
	Text   string // program path, folder and command line in one, to look for a folder's name in
}

// descendants are the processes below root, in no order.
func descendants(root int, all []process) []process {
	below := map[int]bool{root: true}
	var found []process
	for grown := true; grown; {
		grown = false
		for _, p := range all {
			if below[p.Parent] && !below[p.PID] {
				below[p.PID], grown = true, true
				found = append(found, p)
			}
		}
	}
	return found
}
