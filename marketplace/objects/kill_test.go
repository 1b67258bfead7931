package objects_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/datacadastre/cadastre/internal/seal"
	"github.com/datacadastre/cadastre/marketplace/objects"
	"github.com/datacadastre/cadastre/marketplace/objects/objectstest"
)

// putForever names, in the environment of a test binary, the folder in which
// it puts objects until it is killed.
const putForever = "CADASTRE_TEST_PUT_FOREVER"

func TestMain(m *testing.M) {
	dir := os.Getenv(putForever)
	if dir == "" {
		os.Exit(m.Run())
	}
	fmt.Fprintln(os.Stderr, putInLoop(dir))
	os.Exit(1)
}

// putInLoop prints id and hash of each object after its Put returned.
func putInLoop(dir string) error {
	key, err := seal.Load(filepath.Join(dir, "master.key"))
	if err != nil {
		return err
	}
	s, err := objects.OpenDisk(filepath.Join(dir, "objects"), key)
	if err != nil {
		return err
	}
	for i := 0; ; i++ {
		data := objectstest.Content(uint64(i), i%7*60_000)
		info, err := s.Put(context.Background(), bytes.NewReader(data), 1<<20)
		if err != nil {
			return err
		}
		if _, err := fmt.Println(info.ID, info.SHA256); err != nil {
			return err
		}
	}
}

func TestDiskKilled(t *testing.T) {
	dir := t.TempDir()
	key, err := seal.Create(filepath.Join(dir, "master.key"))
	if err != nil {
		t.Fatal(err)
	}
	acknowledged := map[string]string{}
	for round := range 6 {
		for _, line := range killAfter(t, dir, 3+round*4) {
			id, sum, _ := strings.Cut(line, " ")
			acknowledged[id] = sum
		}
	}
	d := openDisk(t, filepath.Join(dir, "objects"), key)
	for id, sum := range acknowledged {
		mustBeWhole(t, d, id, sum)
	}
	whole := 0
	if err := d.List(t.Context(), func(i objects.Info) error {
		whole++
		mustBeWhole(t, d, i.ID, "")
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if whole < len(acknowledged) || len(d.Names(t)) != 2*whole {
		t.Errorf("%d objects, %d acknowledged, in %d files", whole, len(acknowledged), len(d.Names(t)))
	}
	if left, err := fs.ReadDir(os.DirFS(d.dir), "tmp"); err != nil || len(left) != 0 {
		t.Errorf("tmp holds %v, %v", left, err)
	}
}

// killAfter kills the child when it has acknowledged n objects, and returns all
// the lines that it had written whole by then.
func killAfter(t *testing.T, dir string, n int) []string {
	t.Helper()
	child := exec.CommandContext(t.Context(), os.Args[0])
	child.Env = append(os.Environ(), putForever+"="+dir)
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	var lines []string
	for in := bufio.NewScanner(out); in.Scan(); {
		if lines = append(lines, in.Text()); len(lines) == n {
			if err := child.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := child.Wait(); child.ProcessState.Exited() {
		t.Fatalf("the child ended by itself after %d objects: %v", len(lines), err)
	}
	if last := len(lines) - 1; len(lines[last]) != 32+1+64 {
		lines = lines[:last]
	}
	return lines
}

func mustBeWhole(t *testing.T, o objects.Objects, id, sum string) {
	t.Helper()
	info, err := o.Stat(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if sum != "" && info.SHA256 != sum {
		t.Errorf("object %s has hash %s, acknowledged was %s", id, info.SHA256, sum)
	}
	if got := hashOf(t, o, id); got != info.SHA256 {
		t.Errorf("object %s reads as %s, its hash is %s", id, got, info.SHA256)
	}
}
