package tlog_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/mod/sumdb/note"

	"github.com/datacadastre/cadastre/internal/tlog"
)

func TestCheckpoint(t *testing.T) {
	f := newFixture(t)
	empty := f.Published()
	if size, _ := parse(t, empty.Note, f.key.Verifier()); size != 0 {
		t.Errorf("a new log publishes %d entries", size)
	}
	f.add(t, 300)
	cp := f.publish(t)
	size, root := parse(t, cp.Note, f.key.Verifier())
	if size != 300 || root != f.refRoot(t, 300) || cp.Size != size || cp.Root != root {
		t.Errorf("checkpoint %+v says %d %v", cp, size, root)
	}
	want := origin + "\n300\n" + root.String() + "\n\n— " + origin + " "
	if !strings.HasPrefix(string(cp.Note), want) {
		t.Errorf("checkpoint is\n%s\nwant it to begin with\n%s", cp.Note, want)
	}
	f.reopen(t)
	if diff := cmp.Diff(cp, f.Published()); diff != "" {
		t.Error("after reopening:", diff)
	}
}

func TestPublishWaits(t *testing.T) {
	f := newFixture(t)
	var sizes []int64
	for _, wait := range []time.Duration{200, 100, 99, 1, 0, 200, -5000} {
		f.clock = f.clock.Add(wait * time.Millisecond)
		f.add(t, 1)
		cp, err := f.Publish(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		sizes = append(sizes, cp.Size)
	}
	// A clock that was set back does not stop the publishing.
	if diff := cmp.Diff([]int64{1, 1, 1, 4, 4, 6, 7}, sizes); diff != "" {
		t.Error(diff)
	}
	f.add(t, 1)
	if cp := f.publish(t); cp.Size != 8 {
		t.Errorf("forced checkpoint has size %d, want 8", cp.Size)
	}
}

func TestPublishNothingNew(t *testing.T) {
	f := newFixture(t)
	f.add(t, 1)
	first := f.publish(t)
	f.exec(t, "DELETE FROM signed") // nothing may be written again
	second := f.publish(t)
	if !bytes.Equal(first.Note, second.Note) {
		t.Error("signed again")
	}
	if err := f.openLog(); !errors.Is(err, tlog.ErrDamaged) {
		t.Errorf("stored again: %v", err)
	}
}

func TestPublishFails(t *testing.T) {
	f := newFixture(t)
	f.add(t, 5)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := f.PublishNow(ctx); !errors.Is(err, context.Canceled) || errors.Is(err, tlog.ErrDamaged) {
		t.Errorf("got %v", err)
	}
	if f.Published().Size != 0 {
		t.Error("published what is not stored")
	}
	if f.publish(t).Size != 5 {
		t.Error("did not recover")
	}
}

// signed signs any text with the key of a log.
func signed(t testing.TB, text string) ([]byte, note.Verifier) {
	t.Helper()
	skey, vkey, err := tlog.NewKey(origin)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	v, err := note.NewVerifier(vkey)
	if err != nil {
		t.Fatal(err)
	}
	msg, err := note.Sign(&note.Note{Text: text}, signer)
	if err != nil {
		t.Fatal(err)
	}
	return msg, v
}

func TestParseCheckpoint(t *testing.T) {
	root := strings.Repeat("A", 43) + "="
	for text, ok := range map[string]bool{
		origin + "\n7\n" + root + "\n":                           true,
		origin + "\n0\n" + root + "\nextension\n":                true,
		"example.org/other\n7\n" + root + "\n":                   false,
		origin + "\n07\n" + root + "\n":                          false,
		origin + "\n-7\n" + root + "\n":                          false,
		origin + "\n+7\n" + root + "\n":                          false,
		origin + "\n99999999999999999999\n" + root + "\n":        false,
		origin + "\n7\n" + root[:40] + "\n":                      false,
		origin + "\n7\n" + strings.Repeat("A", 42) + "B=" + "\n": false,
		origin + "\n7\n":                                         false,
		origin + "\n":                                            false,
	} {
		msg, v := signed(t, text)
		size, _, err := tlog.ParseCheckpoint(msg, v)
		if (err == nil) != ok {
			t.Errorf("%q gives %d, %v", text, size, err)
		}
	}
	msg, v := signed(t, origin+"\n7\n"+root+"\n")
	if _, _, err := tlog.ParseCheckpoint(msg, newKey(t).Verifier()); err == nil {
		t.Error("accepted another's signature")
	}
	if _, _, err := tlog.ParseCheckpoint(bytes.Replace(msg, []byte("7"), []byte("8"), 1), v); err == nil {
		t.Error("accepted a changed text")
	}
}

func FuzzParseCheckpoint(f *testing.F) {
	f.Add(origin + "\n7\n" + strings.Repeat("A", 43) + "=\n")
	f.Add(origin + "\n7\n" + strings.Repeat("A", 43) + "=\nmore\n")
	f.Add("\n\n\n")
	skey, vkey, err := tlog.NewKey(origin)
	if err != nil {
		f.Fatal(err)
	}
	signer, err1 := note.NewSigner(skey)
	v, err2 := note.NewVerifier(vkey)
	if err := errors.Join(err1, err2); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		msg, err := note.Sign(&note.Note{Text: text}, signer)
		if err != nil {
			return
		}
		size, root, err := tlog.ParseCheckpoint(msg, v)
		if err != nil {
			return
		}
		head, _, _ := strings.Cut(text, root.String())
		if want := origin + "\n" + strings.TrimSpace(strings.Split(text, "\n")[1]) + "\n"; head != want || size < 0 {
			t.Errorf("accepted %q as size %d", text, size)
		}
	})
}

func TestKeys(t *testing.T) {
	for _, bad := range []string{"", "two words", "a+b", "line\nbreak"} {
		if _, _, err := tlog.NewKey(bad); err == nil {
			t.Errorf("made a key for %q", bad)
		}
	}
	skey, vkey, err := tlog.NewKey(origin)
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"", vkey, skey[:len(skey)-4], skey + "AAAA", strings.Replace(skey, "example", "exbmple", 1)} {
		if _, err := tlog.ParseKey(bad); err == nil {
			t.Errorf("parsed %q", bad)
		} else if len(bad) > 40 && strings.Contains(err.Error(), bad[40:]) {
			t.Errorf("the error shows the secret: %v", err)
		}
	}
}
