package evidence_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/evidence"
)

// value is a JSON value with ordered members. So a mutant is valid in form except
// for its mutation, and it is the content that fails.
type value struct {
	open  byte // '{', '[' or 0
	names []string
	list  []*value
	leaf  any // string, json.Number or bool
}

func parse(t testing.TB, data []byte) *value {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	v, err := parseNext(d)
	if err != nil {
		t.Fatalf("parse: %v", err)
	}
	return v
}

func parseNext(d *json.Decoder) (*value, error) {
	tok, err := d.Token()
	if err != nil {
		return nil, err
	}
	open, ok := tok.(json.Delim)
	if !ok {
		return &value{leaf: tok}, nil
	}
	v := &value{open: byte(open)}
	for d.More() {
		if v.open == '{' {
			name, err := d.Token()
			if err != nil {
				return nil, err
			}
			v.names = append(v.names, fmt.Sprint(name))
		}
		e, err := parseNext(d)
		if err != nil {
			return nil, err
		}
		v.list = append(v.list, e)
	}
	_, err = d.Token()
	return v, err
}

func (v *value) write(b *bytes.Buffer) {
	if v.open == 0 {
		raw, err := json.Marshal(v.leaf)
		if err != nil {
			raw = []byte("null")
		}
		b.Write(raw)
		return
	}
	b.WriteByte(v.open)
	for i, e := range v.list {
		if i > 0 {
			b.WriteByte(',')
		}
		if v.open == '{' {
			fmt.Fprintf(b, "%q:", v.names[i])
		}
		e.write(b)
	}
	b.WriteByte(v.open + 2)
}

func (v *value) bytes() []byte {
	var b bytes.Buffer
	v.write(&b)
	return b.Bytes()
}

// mutate changes v in one place at a time and calls f: every leaf, every
// element and member dropped, doubled and swapped with the one before it.
func (v *value) mutate(path string, f func(path string)) {
	if v.open == 0 {
		was := v.leaf
		for _, leaf := range nearby(was) {
			v.leaf = leaf
			f(fmt.Sprintf("%s=%.20v", path, leaf))
		}
		v.leaf = was
		return
	}
	names, list := v.names, v.list
	for i, e := range list {
		at := fmt.Sprintf("%s[%d]", path, i)
		if v.open == '{' {
			at = path + "." + names[i]
			v.names = slices.Delete(slices.Clone(names), i, i+1)
		}
		v.list = slices.Delete(slices.Clone(list), i, i+1)
		f(at + " dropped")
		v.names = names
		if v.open == '[' {
			v.list = slices.Insert(slices.Clone(list), i, e)
			f(at + " doubled")
		}
		if i > 0 {
			v.list = slices.Clone(list)
			v.list[i-1], v.list[i] = e, list[i-1]
			f(at + " swapped")
		}
		v.list = list
		e.mutate(at, f)
	}
}

// nearby are leaves near another: a number one more, one less and 0; a text
// with a character more, one less, and another first or last one.
func nearby(leaf any) []any {
	switch v := leaf.(type) {
	case bool:
		return []any{!v}
	case json.Number:
		n, err := v.Int64()
		if err != nil {
			return nil
		}
		list := []any{n + 1, n - 1}
		if n > 1 {
			list = append(list, 0)
		}
		return list
	case string:
		return texts(v)
	}
	return nil
}

func texts(s string) []any {
	if s == "" {
		return []any{"A"}
	}
	list := []any{s + "A", s[:len(s)-1], other(s, 0), other(s, len(s)-1)}
	if k := strings.TrimRight(s, "="); k != s { // base64: a spare bit, no padding
		list = append(list, k, k[:len(k)-1]+string(k[len(k)-1]+1)+s[len(k):])
	}
	return list
}

func other(s string, i int) string {
	b := []byte(s)
	switch c := b[i]; {
	case c == '0' || c == 'A':
		b[i] = '1'
	case c >= '1' && c <= '9' || c >= 'a' && c <= 'f':
		b[i] = '0'
	default:
		b[i] = 'A'
	}
	return string(b)
}

func TestEveryMutationFails(t *testing.T) {
	t.Parallel()
	w := begin(t)
	story(w)
	algs := remembered()
	for i, about := range []ledger.Ref{ref(ledger.KindOrder, "O2"), ref(ledger.KindLicense, "L")} {
		if i > 0 && testing.Short() {
			break
		}
		b, _ := w.build(about)
		data := encode(t, b)
		v := parse(t, data)
		if !bytes.Equal(v.bytes(), data) {
			t.Fatal("the test's own form differs")
		}
		n := 0
		v.mutate("", func(path string) {
			n++
			mutant := v.bytes()
			if bytes.Equal(mutant, data) {
				t.Errorf("%s: no change", path)
			}
			if _, err := evidence.Verify(mutant, w.trust(), algs, checkers()); err == nil {
				t.Errorf("%s: %s verifies", about, path)
			}
		})
		if n < 900 { // a bundle holds no values that can be derived
			t.Errorf("%s: only %d mutants", about, n)
		}
		t.Logf("%s: %d mutants of %d bytes", about, n, len(data))
	}
}

// remembered is the standard table, each signature checked once.
func remembered() ledger.Algorithms {
	known := map[string]bool{}
	verify := ledger.Standard()[0].Verify
	return ledger.Algorithms{{Name: ledger.ES256, Verify: func(key ledger.JWK, signed, signature []byte) bool {
		name := key.X + key.Y + string(ledger.DigestOf(signed)) + string(signature)
		if _, ok := known[name]; !ok {
			known[name] = verify(key, signed, signature)
		}
		return known[name]
	}}}
}
