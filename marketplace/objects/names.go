package objects

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/datacadastre/cadastre/internal/seal"
)

const (
	idDigits   = 32
	keyMark    = ".key."
	maxKeySize = 1 << 10 // bytes of a sealed data key; it has 69
)

func newID() (string, error) {
	id := make([]byte, idDigits/2)
	if _, err := rand.Read(id); err != nil {
		return "", fmt.Errorf("draw id: %w", err)
	}
	return hex.EncodeToString(id), nil
}

func isID(s string) bool {
	return len(s) == idDigits && strings.Trim(s, "0123456789abcdef") == ""
}

func checkID(id string) error {
	if !isID(id) {
		return fmt.Errorf("id %q is not %d lower-case hex digits: %w", id, idDigits, ErrNotExist)
	}
	return nil
}

// place returns the name of an object's content. It spreads ids over 65,536 folders.
func place(id string) string { return id[:2] + "/" + id[2:4] + "/" + id }

func keyPlace(id string, key seal.Key) string { return place(id) + keyMark + key.ID() }

// placed is a name taken apart: of content, of a data key or of a part.
type placed struct {
	id     string
	master string // id of the master key, of a data key
	part   string // of a part
}

// splitPlace is the inverse of place, keyPlace and partPlace.
func splitPlace(name string) (p placed, ok bool) {
	if len(name) < 6+idDigits {
		return p, false
	}
	var rest string
	p.id, rest = name[6:6+idDigits], name[6+idDigits:]
	if !isID(p.id) || !strings.HasPrefix(name, place(p.id)) {
		return p, false
	}
	if master, isKey := strings.CutPrefix(rest, keyMark); isKey {
		p.master = master
		return p, master != ""
	}
	if part, isPart := strings.CutPrefix(rest, partMark); isPart {
		p.part = part
		return p, part != ""
	}
	return p, rest == ""
}

// List calls each for every object.
func (s *Store) List(ctx context.Context, each func(Info) error) error {
	var o listed
	err := s.blobs.list(ctx, "", func(f found) error {
		p, ok := splitPlace(f.name)
		if !ok {
			return nil // not an object
		}
		if p.id != o.info.ID {
			if err := o.report(each); err != nil {
				return err
			}
			o = listed{info: Info{ID: p.id}}
		}
		o.add(f, p)
		return nil
	})
	if err == nil {
		err = o.report(each)
	}
	if err != nil {
		return fmt.Errorf("list objects: %w", err)
	}
	return nil
}

// listed collects the names of one object, which are listed one after another.
type listed struct {
	info                Info
	content, key, parts bool
}

// add adds a name; content comes first, then keys, then parts. The time of an object is
// that of its content, and of what has no content, the time of the last name.
func (o *listed) add(f found, p placed) {
	size, _ := clearSize(f.size) // zero if damaged: Open reports that
	switch {
	case p.master != "":
		o.key = true
	case p.part == "":
		o.content = true
		o.info.Bytes, o.info.Stored = size, f.stored
	case o.parts:
		o.info.Bytes += size
	default:
		o.parts = true
		o.info.Bytes = size // what came before was the list
	}
	if !o.content && f.stored.After(o.info.Stored) {
		o.info.Stored = f.stored
	}
}

func (o *listed) report(each func(Info) error) error {
	if o.info.ID == "" {
		return nil
	}
	o.info.Remains = !o.content || !o.key
	return each(o.info)
}
