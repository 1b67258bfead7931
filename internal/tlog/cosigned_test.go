package tlog_test

import (
	"crypto/rand"
	"errors"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"github.com/datacadastre/cadastre/internal/tlog"
)

// other signs like an auditor, with a key of a name.
type other struct {
	note.Signer
	v note.Verifier
}

func newOther(t *testing.T, name string) other {
	t.Helper()
	skey, vkey, err := note.GenerateKey(rand.Reader, name)
	if err != nil {
		t.Fatal(err)
	}
	s, err := note.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	v, err := note.NewVerifier(vkey)
	if err != nil {
		t.Fatal(err)
	}
	return other{s, v}
}

// on adds its signature to a checkpoint.
func (o other) on(t *testing.T, msg []byte, known note.Verifier) []byte {
	t.Helper()
	n, err := note.Open(msg, note.VerifierList(known))
	if err != nil {
		t.Fatal(err)
	}
	signed, err := note.Sign(n, o)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// TestCosign stores the cosignatures of others with the newest checkpoint that they
// have signed.
func TestCosign(t *testing.T) {
	f := newFixture(t)
	if c := f.Cosigned(); c.Note != nil {
		t.Fatalf("a new log has %+v", c)
	}
	f.add(t, 5)
	five := f.publish(t)
	a, b := newOther(t, "a"), newOther(t, "b")
	for i, o := range []other{a, b, a} { // again: it has one of each
		if size, err := f.Cosign(t.Context(), o.on(t, five.Note, f.key.Verifier()), o.v); err != nil || size != 5 {
			t.Fatalf("%d: %d, %v", i, size, err)
		}
	}
	f.add(t, 3)
	eight := f.publish(t)
	f.reopen(t)
	c := f.Cosigned()
	n, err := note.Open(c.Note, note.VerifierList(f.key.Verifier(), a.v, b.v))
	if err != nil || c.Size != 5 || c.Root != five.Root || len(n.Sigs) != 3 || len(n.UnverifiedSigs) != 0 {
		t.Fatalf("%v, %+v", err, c)
	}
	if _, err := f.Cosign(t.Context(), b.on(t, eight.Note, f.key.Verifier()), b.v); err != nil {
		t.Fatal(err)
	}
	if c := f.Cosigned(); c.Size != 8 || strings.Count(string(c.Note), "— ") != 2 {
		t.Errorf("after a newer one: %s", c.Note)
	}
	if _, err := f.Cosign(t.Context(), a.on(t, five.Note, f.key.Verifier()), a.v); !errors.Is(err, tlog.ErrOlder) {
		t.Errorf("an older one: %v", err)
	}
}

func TestCosignRefuses(t *testing.T) {
	f, g := newFixture(t), newFixture(t)
	f.add(t, 5)
	g.add(t, 9)
	five, nine := f.publish(t), g.publish(t)
	a, origins := newOther(t, "a"), newOther(t, origin)
	forked, err := note.Sign(&note.Note{Text: strings.Replace(string(five.Note[:strings.Index(string(five.Note), "\n\n")+1]), "\n5\n", "\n4\n", 1)}, f.key.Signer())
	if err != nil {
		t.Fatal(err)
	}
	empty := newFixture(t)
	for name, c := range map[string]struct {
		msg []byte
		f   *fixture
		v   note.Verifier
	}{
		"without its signature":     {five.Note, f, a.v},
		"with another's":            {newOther(t, "a").on(t, five.Note, f.key.Verifier()), f, a.v},
		"of another log":            {a.on(t, nine.Note, g.key.Verifier()), f, a.v},
		"of a tree that is not its": {a.on(t, forked, f.key.Verifier()), f, a.v},
		"of an empty log":           {a.on(t, empty.Published().Note, empty.key.Verifier()), empty, a.v},
		"by the name of the log":    {origins.on(t, five.Note, f.key.Verifier()), f, origins.v},
		"no note":                   {[]byte("a"), f, a.v},
	} {
		if _, err := c.f.Cosign(t.Context(), c.msg, c.v); !errors.Is(err, tlog.ErrCosigned) {
			t.Errorf("%s: %v", name, err)
		}
		if c := c.f.Cosigned(); c.Note != nil {
			t.Errorf("%s: it is stored", name)
		}
	}
	for i := range 17 {
		o := newOther(t, "b")
		if _, err := f.Cosign(t.Context(), o.on(t, five.Note, f.key.Verifier()), o.v); (i < 16) != (err == nil) {
			t.Errorf("cosignature %d: %v", i, err)
		}
	}
}

// TestCosignedDamaged: when the log is opened, the stored cosigned checkpoint must
// still be one of this log.
func TestCosignedDamaged(t *testing.T) {
	f := newFixture(t)
	f.add(t, 5)
	a := newOther(t, "a")
	if _, err := f.Cosign(t.Context(), a.on(t, f.publish(t).Note, f.key.Verifier()), a.v); err != nil {
		t.Fatal(err)
	}
	if _, err := f.db.W.ExecContext(t.Context(), "UPDATE cosigned SET note = CAST(replace(CAST(note AS TEXT), 'a', 'b') AS BLOB)"); err != nil {
		t.Fatal(err)
	}
	if err := f.Reload(t.Context()); !errors.Is(err, tlog.ErrDamaged) {
		t.Errorf("a changed row: %v", err)
	}
}
