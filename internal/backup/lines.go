package backup

import (
	"bufio"
	"context"
	"errors"
	"io"
	"iter"
	"strconv"
	"strings"

	"github.com/datacadastre/cadastre/internal/words"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/marketplace/objects"
)

// line is a line of the list of content: a blob, and the SHA-256 of what is stored.
type line struct {
	name   string
	bytes  int64
	sha256 ledger.Digest
}

func (l line) text() string {
	return l.name + " " + strconv.FormatInt(l.bytes, 10) + " " + string(l.sha256)
}

// endMark begins the last line of the list, before the SHA-256 of the lines above it. It
// shows that the list is whole to those who can't open the manifest.
const endMark = "sha256 "

func parseLine(text string) (line, bool) {
	f := strings.Split(text, " ")
	if len(f) != 3 || !objects.IsName(f[0]) {
		return line{}, false
	}
	n, err := strconv.ParseInt(f[1], 10, 64)
	l := line{f[0], n, ledger.Digest(f[2])}
	return l, err == nil && n >= 0 && l.sha256.Validate("sha256") == nil
}

// readLines returns the lines of a list by name, up to the first that can't be read.
func readLines(r io.Reader) iter.Seq2[string, line] {
	return func(yield func(string, line) bool) {
		for s := bufio.NewScanner(r); s.Scan(); {
			l, ok := parseLine(s.Text())
			if !ok || !yield(l.name, l) {
				return
			}
		}
	}
}

// there returns the sizes of the content in the target by name, in order. After the last
// one, err is set if the target could not be listed.
func (t *Target) there(ctx context.Context, err *error) iter.Seq2[string, int64] {
	return func(yield func(string, int64) bool) {
		enough := words.Errorf("已够", "enough")
		e := t.at.list(ctx, contentPart, func(name string, size int64) error {
			if !yield(name, size) {
				return enough
			}
			return nil
		})
		if !errors.Is(e, enough) {
			*err = e
		}
	}
}

// cursor looks up names in a sequence that is ordered by name, if they are asked for in
// the same order. So three lists of any length are compared without being in memory.
type cursor[V any] struct {
	next  func() (string, V, bool)
	stop  func()
	name  string
	value V
	ok    bool // there are name and value
	begun bool
}

func cursorOf[V any](seq iter.Seq2[string, V]) *cursor[V] {
	c := new(cursor[V])
	c.next, c.stop = iter.Pull2(seq)
	return c
}

// at returns the value of a name, which comes after the names asked for before.
func (c *cursor[V]) at(name string) (v V, ok bool) {
	for !c.begun || c.ok && c.name < name {
		c.begun = true
		c.name, c.value, c.ok = c.next()
	}
	if !c.ok || c.name != name {
		return v, false
	}
	return c.value, true
}
