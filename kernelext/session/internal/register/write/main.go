// Command write writes the registration files into the folder registered beside kernelext/session.
package main

import (
	"log"
	"os"
	"path/filepath"

	"github.com/cnnbook/cnnbook/kernelext/session/internal/register"
)

func main() {
	files, err := register.Files(".")
	if err != nil {
		log.Fatal(err)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join("registered", name), text, 0o644); err != nil {
			log.Fatal(err)
		}
	}
}
