package objects

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/datacadastre/cadastre/internal/seal"
)

func openDrafts(t *testing.T, dir string, key seal.Key) *Store {
	t.Helper()
	s, err := OpenDisk(dir, key)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func masterKey(t *testing.T) seal.Key {
	t.Helper()
	key, err := seal.Create(filepath.Join(t.TempDir(), "master"))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// TestADraftSurvivesAStop: the next start removes the halves of a part and of a list, and
// nothing else of a draft.
func TestADraftSurvivesAStop(t *testing.T) {
	dir, key := t.TempDir(), masterKey(t)
	s := openDrafts(t, dir, key)
	d, err := s.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if d, err = s.Append(t.Context(), d, strings.NewReader("first"), 100); err != nil {
		t.Fatal(err)
	}
	for _, half := range []string{d.ID, d.ID + partMark + "0011223344556677"} {
		if err := os.WriteFile(filepath.Join(dir, folderTmp, half), []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s = openDrafts(t, dir, key)
	if left, err := os.ReadDir(filepath.Join(dir, folderTmp)); err != nil || len(left) != 0 {
		t.Errorf("left in %s: %v, %v", folderTmp, left, err)
	}
	if d, err = s.Append(t.Context(), d, strings.NewReader(", second"), 100); err != nil {
		t.Fatal(err)
	}
	info, err := s.Join(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	r, err := s.Open(t.Context(), info.ID, 0, -1)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var got bytes.Buffer
	if _, err := got.ReadFrom(r); err != nil || got.String() != "first, second" {
		t.Errorf("read %q, %v", got.String(), err)
	}
}

// TestPartsAreBounded: the list of a draft's parts has a largest size.
func TestPartsAreBounded(t *testing.T) {
	s := openDrafts(t, t.TempDir(), masterKey(t))
	d, err := s.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	key, c, err := s.draft(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	c.parts = make([]part, maxDraftParts-1)
	for i := range c.parts {
		c.parts[i] = part{name: [8]byte{byte(i >> 8), byte(i)}, bytes: 1}
	}
	if d.State, err = sealState(key, d.ID, c); err != nil {
		t.Fatal(err)
	}
	if d, err = s.Append(t.Context(), d, strings.NewReader("x"), 1); err != nil || d.Bytes != maxDraftParts || len(d.State) > 161_000 {
		t.Fatalf("the last part: %d bytes with a state of %d, %v", d.Bytes, len(d.State), err)
	}
	if _, err := s.Append(t.Context(), d, strings.NewReader("x"), 1); !errors.Is(err, ErrTooLarge) {
		t.Errorf("one part too many: %v", err)
	}
	if _, err := s.Join(t.Context(), d); err != nil {
		t.Errorf("joined with all its parts: %v", err)
	}
	if _, err := s.Open(t.Context(), d.ID, 0, -1); !errors.Is(err, ErrDamaged) {
		t.Errorf("opened without its parts: %v", err)
	}
}

// TestContentsAreReadAsWritten: and nothing else is.
func TestContentsAreReadAsWritten(t *testing.T) {
	sum := sha256.Sum256(nil)
	good := contents{sha256: sum[:], parts: []part{{name: [8]byte{1}, bytes: 5}, {name: [8]byte{2}, bytes: maxBlob}}}.encode()
	c, err := decodeContents(good)
	if err != nil || !bytes.Equal(c.encode(), good) {
		t.Errorf("%v, %v", c, err)
	}
	for name, bad := range map[string][]byte{
		"empty": {}, "cut": good[:len(good)-1], "only a length": {32}, "a part too large": append(bytes.Clone(good[:len(good)-8]), bytes.Repeat([]byte{0xff}, 8)...),
	} {
		if c, err := decodeContents(bad); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v, %v", name, c, err)
		}
	}
}

// late is a store whose next write is done, and reported as failed.
type late struct {
	blobs
	failed bool
}

func (l *late) write(ctx context.Context, name string, r io.Reader, maxBytes int64) error {
	err := l.blobs.write(ctx, name, r, maxBytes)
	if err == nil && !l.failed {
		l.failed = true
		err = errors.New("the folder can't be synced")
	}
	return err
}

// TestAWriteThatIsReportedAsFailed leaves nothing, although the store has done it.
func TestAWriteThatIsReportedAsFailed(t *testing.T) {
	s := openDrafts(t, t.TempDir(), masterKey(t))
	inner := s.blobs
	for name, try := range map[string]func() error{
		"put":   func() error { _, err := s.Put(t.Context(), strings.NewReader("content"), 100); return err },
		"begin": func() error { _, err := s.Begin(t.Context()); return err },
	} {
		s.blobs = &late{blobs: inner}
		if err := try(); err == nil {
			t.Errorf("%s: it did not fail", name)
		}
		if err := s.List(t.Context(), func(i Info) error { return fmt.Errorf("%s: %s is left", name, i.ID) }); err != nil {
			t.Error(err)
		}
	}
	s.blobs = inner
	d, err := s.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s.blobs = &late{blobs: inner}
	if again, err := s.Append(t.Context(), d, strings.NewReader("part"), 100); err == nil || again.Bytes != 0 {
		t.Errorf("append: %+v, %v", again, err)
	}
	if err := inner.list(t.Context(), place(d.ID)+partMark, func(f found) error { return fmt.Errorf("append: %s is left", f.name) }); err != nil {
		t.Error(err)
	}
}
