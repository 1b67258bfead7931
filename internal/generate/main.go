// Command generate writes the pages of docs/ that follow from the code: acts.md from
// the table of acts, fields.md from the form tags. Run it with make generate; a test
// fails if a page differs from the code.
package main

import (
	"fmt"
	"os"
	"path/filepath"
)

// pages maps each page to the function that writes it.
var pages = map[string]func() string{"acts.md": actsPage, "fields.md": fieldsPage}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: generate FOLDER")
		os.Exit(2)
	}
	for name, page := range pages {
		if err := os.WriteFile(filepath.Join(os.Args[1], name), []byte(page()), 0o644); err != nil { //nolint:gosec // a page of the documentation
			fmt.Fprintln(os.Stderr, "generate:", err)
			os.Exit(1)
		}
	}
}
