// Package processor describes this machine's processor.
package processor

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"strings"

	"golang.org/x/sys/cpu"
)

// Name is the processor's name where the system reports it, on Linux, otherwise "processor unknown".
func Name() string {
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return "processor unknown"
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if name, value, _ := strings.Cut(lines.Text(), ":"); strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "processor unknown"
}

// Instructions lists the processor's vector and matrix instructions on which the speed of a training depends:
// "AVX2, AVX-512, AVX512_BF16, AMX in bfloat16".
func Instructions() string {
	return list([]feature{
		{"AVX2", cpu.X86.HasAVX2}, {"AVX-512", cpu.X86.HasAVX512F}, {"AVX512_BF16", cpu.X86.HasAVX512BF16},
		{"AMX in bfloat16", cpu.X86.HasAMXBF16}, {"NEON", cpu.ARM64.HasASIMD}, {"SVE", cpu.ARM64.HasSVE},
	})
}

// Machine describes this machine: "AMD EPYC with AVX2, 2 processors, linux/amd64".
func Machine() string {
	return fmt.Sprintf("%s with %s, %d processors, %s/%s", Name(), Instructions(), runtime.NumCPU(), runtime.GOOS, runtime.GOARCH)
}

// HasBFloat16 reports whether the processor computes networks in bfloat16 faster than in float32. AVX512_BF16 without AMX
// does not suffice.
func HasBFloat16() bool { return cpu.X86.HasAMXBF16 }

type feature struct {
	name string
	has  bool
}

func list(features []feature) string {
	var names []string
	for _, f := range features {
		if f.has {
			names = append(names, f.name)
		}
	}
	if len(names) == 0 {
		return "no vector instructions that are known here"
	}
	return strings.Join(names, ", ")
}
