package ledger_test

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/datacadastre/cadastre/ledger"
)

// TestStateSumFollowsTheState changes a state at random, and compares the sum that
// followed with one made of the rows that are left.
func TestStateSumFollowsTheState(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		state := map[string]string{}
		var followed ledger.StateSum
		for range rapid.IntRange(0, 30).Draw(t, "changes") {
			key := rapid.SampledFrom([]string{"a", "b", "a b", "c"}).Draw(t, "key")
			if old, ok := state[key]; ok {
				followed.Remove(key, []byte(old))
				delete(state, key)
			}
			if value := rapid.SampledFrom([]string{"", "1", "2", "b 1"}).Draw(t, "value"); value != "" {
				followed.Add(key, []byte(value))
				state[key] = value
			}
		}
		var parts [2]ledger.StateSum
		n := 0
		for key, value := range state {
			parts[n%2].Add(key, []byte(value))
			n++
		}
		parts[0].Merge(&parts[1])
		if parts[0].Digest() != followed.Digest() {
			t.Fatalf("the sum of %v is not what followed", state)
		}
		again, err := ledger.ParseStateSum(followed.Bytes())
		if err != nil || again != followed {
			t.Fatalf("its bytes come back as another sum: %v", err)
		}
	})
}

// TestStateSumDistinguishesStates: states that differ in one row, one key, one value, or
// in which key has which value.
func TestStateSumDistinguishesStates(t *testing.T) {
	seen := map[ledger.Digest]string{}
	for _, rows := range [][][2]string{
		{},
		{{"a", "1"}},
		{{"a", "2"}},
		{{"b", "1"}},
		{{"a", "1"}, {"b", "2"}},
		{{"a", "2"}, {"b", "1"}},
		{{"a", "1"}, {"a", "1"}},
		{{"a ", "1"}},
		{{"", "a 1"}},
	} {
		var s ledger.StateSum
		for _, r := range rows {
			s.Add(r[0], []byte(r[1]))
		}
		if other, ok := seen[s.Digest()]; ok {
			t.Errorf("%v has the sum of %s", rows, other)
		}
		seen[s.Digest()] = fmt.Sprint(rows)
	}
	if _, err := ledger.ParseStateSum(make([]byte, 2047)); err == nil {
		t.Error("2,047 bytes are a sum")
	}
}

// TestStateSumIsTheOneOfOtherLanguages fixes the bytes: made with hashlib.shake_128
// and struct of Python.
func TestStateSumIsTheOneOfOtherLanguages(t *testing.T) {
	var s ledger.StateSum
	s.Add("calendar/2026", []byte("{}"))
	s.Add("key/x", []byte(`"y"`))
	s.Remove("uscc/1", []byte("7"))
	if got := s.Digest(); got != sumByPython {
		t.Errorf("%s, want %s", got, sumByPython)
	}
}

const sumByPython ledger.Digest = "ee8d8f23d75f563544a762b03dd38163fccc0c44faf6d5b510952503baf41c98"

func BenchmarkStateSum(b *testing.B) {
	var s ledger.StateSum
	value := make([]byte, 1024)
	for b.Loop() {
		s.Add("application/0199d3c6-26ad-7864-8ae6-20f55053837a", value)
	}
}
