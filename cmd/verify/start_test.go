package main

import (
	"os/exec"
	"path/filepath"
	"testing"
)

// BenchmarkStart starts the program and lets it end at once, beside an empty Go
// program: what is more is what it links and prepares before it does anything.
func BenchmarkStart(b *testing.B) {
	dir := b.TempDir()
	empty := filepath.Join(dir, "empty.go")
	write(b, empty, "package main\n\nfunc main() {}\n")
	for name, pkg := range map[string]string{"verify": ".", "empty": empty} {
		program := filepath.Join(dir, name)
		build := exec.CommandContext(b.Context(), "go", "build", "-trimpath", "-o", program, pkg)
		build.Env = append(build.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			b.Fatalf("build: %v\n%s", err, out)
		}
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				// verify refuses this use of it, with exit code 2.
				if err := exec.CommandContext(b.Context(), program, "none", "--trust", "none").Run(); err != nil && name == "empty" {
					b.Fatal(err)
				}
			}
		})
	}
}
