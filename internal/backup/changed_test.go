package backup_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/datacadastre/cadastre/internal/backup"
)

// TestEveryChangeIsNamed changes, cuts off and removes each file of a copy, and exchanges
// it with that of another copy: reading names the file.
func TestEveryChangeIsNamed(t *testing.T) {
	dir, n, s := t.TempDir(), newNode(3), seals(t)[backup.ForMaster]
	_, other := n.copyTo(t, dir, s.seal)
	_, id := n.copyTo(t, dir, s.seal)
	whole := files(t, dir)
	try := func(name, change string, data []byte) {
		path := filepath.Join(dir, name)
		var err error
		if data == nil {
			err = os.Remove(path)
		} else {
			err = os.WriteFile(path, data, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		_, err = read(t, dir, id, s.open)
		if err == nil {
			t.Errorf("%s, %s: the copy was read", name, change)
		} else if short := strings.TrimPrefix(name, "backups/"+id+"/"); !strings.Contains(err.Error(), short) || short == "objects" && strings.Contains(err.Error(), "objects/") {
			t.Errorf("%s, %s: %v", name, change, err)
		}
		if err := os.WriteFile(path, whole[name], 0o600); err != nil {
			t.Fatal(err)
		}
	}
	changed := 0
	for name, data := range whole {
		if name == "lock" || strings.HasPrefix(name, "backups/"+other) {
			continue
		}
		changed++
		if name != "format" { // without it the folder is no target
			try(name, "removed", nil)
		}
		for _, at := range []int{0, len(data) / 2, len(data) - 1} {
			if len(data) == 0 {
				break
			}
			flipped := bytes.Clone(data)
			flipped[at] ^= 1
			try(name, fmt.Sprintf("byte %d", at), flipped)
			try(name, fmt.Sprintf("cut to %d", at), data[:at])
		}
		try(name, "longer", append(bytes.Clone(data), 0))
		if of, ok := strings.CutPrefix(name, "backups/"+id+"/"); ok && of != "objects" && len(data) > 0 {
			try(name, "exchanged", whole["backups/"+other+"/"+of])
		}
	}
	if changed != 1+4+len(n.files)+3 {
		t.Errorf("%d files were changed", changed)
	}
	if _, err := read(t, dir, id, s.open); err != nil {
		t.Fatal(err)
	}
}

// TestEveryByteOfHead flips each byte of the head, which is in clear.
func TestEveryByteOfHead(t *testing.T) {
	for kind, s := range seals(t) {
		dir := t.TempDir()
		_, id := newNode(1).copyTo(t, dir, s.seal)
		path := filepath.Join(dir, "backups", id, "head")
		head, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for i := range head {
			flipped := bytes.Clone(head)
			flipped[i] ^= 1
			if err := os.WriteFile(path, flipped, 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := read(t, dir, id, s.open); err == nil {
				t.Errorf("%s: read with byte %d changed: %q", kind, i, flipped[max(0, i-10):i+1])
			}
		}
	}
}

func TestCheckNamesAll(t *testing.T) {
	dir, n, s := t.TempDir(), newNode(5), seals(t)[backup.ForMaster]
	_, id := n.copyTo(t, dir, s.seal)
	from, err := backup.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	b, err := from.Load(t.Context(), "", s.open)
	if err != nil {
		t.Fatal(err)
	}
	var sum int64
	var mu sync.Mutex
	if err := b.Check(t.Context(), func(n int64) {
		mu.Lock()
		defer mu.Unlock()
		sum += n
	}); err != nil || sum < 5*5000+300_000 {
		t.Fatalf("%d bytes were read, %v", sum, err)
	}
	var damaged []string
	for name := range files(t, dir) {
		if strings.HasPrefix(name, "objects/") && len(damaged) < 2 || strings.HasSuffix(name, "ledger.db") {
			damaged = append(damaged, strings.TrimPrefix(name, "backups/"+id+"/"))
			if err := os.Truncate(filepath.Join(dir, name), 100); err != nil {
				t.Fatal(err)
			}
		}
	}
	err = b.Check(t.Context(), nothing)
	if !errors.Is(err, backup.ErrChanged) {
		t.Fatalf("checked with %v", err)
	}
	for _, name := range damaged {
		if strings.Count(err.Error(), name+" ") != 1 {
			t.Errorf("%v does not name %s once", err, name)
		}
	}
}
