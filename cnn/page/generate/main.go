// Command generate compiles the evaluator of pages to WebAssembly, for package page to embed.
package main

import (
	"log"

	"github.com/cnnbook/cnnbook/cnn/page/internal/compile"
)

func main() {
	if err := compile.Write("evaluator"); err != nil {
		log.Fatal(err)
	}
}
