package processor

import (
	"os"
	"strings"
	"testing"
)

// What is listed is what the system lists.
func TestInstructions(t *testing.T) {
	info, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		t.Skip(err)
	}
	flags := " " + strings.Join(strings.Fields(string(info)), " ") + " "
	if !strings.Contains(flags, " flags : ") {
		t.Skip("not a processor of the x86 family")
	}
	listed := ", " + Instructions() + ","
	for flag, name := range map[string]string{"avx2": "AVX2", "avx512f": "AVX-512", "avx512_bf16": "AVX512_BF16", "amx_bf16": "AMX in bfloat16"} {
		if has := strings.Contains(flags, " "+flag+" "); has != strings.Contains(listed, ", "+name+",") {
			t.Errorf("%s is in the system's list: %v; listed: %s", flag, has, listed)
		}
	}
	if Name() == "" {
		t.Error("no name")
	}
}

func TestListOfNone(t *testing.T) {
	if got := list([]feature{{"AVX2", false}}); !strings.HasPrefix(got, "no vector instructions") {
		t.Errorf("got %q", got)
	}
}
