// Link is a program for TestLinksInternally.
package main

import _ "github.com/cnnbook/cnnbook/internal/onednn"

func main() {}
