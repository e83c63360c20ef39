package process

// Info is one process of this machine, as far as set-up and the doctor need it.
type Info struct {
	PID    int
	Parent int
	Start  string // when it began, in the kernel's own units: distinguishes a process from a later one with the same id
	Name   string // of its program
	Text   string // program path, folder and command line in one, to look for a folder's name in
}

// Descendants are the processes below root, in no order.
func Descendants(root int, all []Info) []Info {
	below := map[int]bool{root: true}
	var found []Info
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
