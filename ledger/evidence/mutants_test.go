package evidence_test

import (
	"bytes"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/contract"
	"github.com/datacadastre/cadastre/ledger/evidence"
)

var forgeAll = flag.Bool("forge", false, "try every change of TestForgedMembers, not a tenth")

// acceptedFile lists what TestForgedMembers accepts: by function and member, with
// the reason why it proves nothing.
const acceptedFile = "accepted.txt"

// forger holds all keys: of the node, of its log and of whichever party is in league
// with it. It changes one member of one entry, call or receipt, and writes the log
// from there on again as the contract would.
type forger struct {
	*world
	t        *testing.T
	bundle   evidence.Bundle
	seqs     []int64
	algs     ledger.Algorithms
	rnd      *rand.Rand
	accepted map[string]bool
	tried    int
}

// TestForgedMembers tries every change of one member on one bundle: a seeded tenth,
// or with -forge all of them. What is accepted must be in the list.
func TestForgedMembers(t *testing.T) {
	t.Parallel()
	w := begin(t)
	story(w)
	b, _ := w.build(ref(ledger.KindOrder, "O2"))
	f := &forger{world: w, t: t, bundle: b, algs: remembered(), rnd: rand.New(rand.NewPCG(3, 9)), accepted: map[string]bool{}}
	for _, c := range b.Calls {
		f.seqs = append(f.seqs, w.seq(c))
	}
	if err := f.verify(w, b.Receipts); err != nil {
		t.Fatalf("the bundle as it is: %v", err)
	}
	for _, seq := range f.seqs[1:] {
		f.entries(seq)
		f.calls(seq)
	}
	f.receipts()
	t.Logf("%d changes tried, %d kinds of them accepted", f.tried, len(f.accepted))
	f.compare()
}

// skip leaves out nine changes of ten.
func (f *forger) skip() bool {
	if !*forgeAll && f.rnd.IntN(10) > 0 {
		return true
	}
	f.tried++
	return false
}

// entries changes the members of an entry.
func (f *forger) entries(seq int64) {
	was := f.log.entries[seq]
	v := parse(f.t, was)
	v.mutate("", func(path string) {
		var e ledger.LogEntry
		if f.skip() || ledger.DecodeStrict(v.bytes(), &e) != nil || bytes.Equal(encode(f.t, e), was) {
			return
		}
		member := plain(path)
		digest := strings.HasPrefix(member, ".reads") || strings.HasPrefix(member, ".writes") || strings.HasPrefix(member, ".event")
		if f.verify(f.again(seq, e, !digest), f.bundle.Receipts) == nil {
			reason := "the node's clock"
			switch {
			case strings.HasPrefix(member, ".state"):
				reason = "of records that are not in the bundle too: for an audit to add up"
			case digest:
				reason = "an anchor is sealed, not run again"
			}
			f.accepted[fmt.Sprintf("entry %s%s: %s", f.fn(seq), member, reason)] = true
		}
	})
}

// calls changes the members of a call, whose party signs it again.
func (f *forger) calls(seq int64) {
	var e ledger.LogEntry
	if err := ledger.DecodeStrict(f.log.entries[seq], &e); err != nil {
		f.t.Fatal(err)
	}
	s, err := contract.Parse(e.Call)
	if err != nil {
		f.t.Fatal(err)
	}
	v := parse(f.t, s.JWS.Payload)
	v.mutate("", func(path string) {
		var c ledger.Call
		if f.skip() || ledger.DecodeStrict(v.bytes(), &c) != nil {
			return
		}
		jws, err := ledger.SignCall(f.keyOf(s.JWS.Header.Kid), c, c.Args)
		if again, bad := contract.Parse(jws); err != nil || bad == nil && again.Payload == s.Payload {
			return
		}
		changed := e
		changed.Call = jws
		if f.verify(f.again(seq, changed, true), f.bundle.Receipts) == nil {
			f.accepted[fmt.Sprintf("call %s%s: its party signed it so", s.Call.Function, plain(path))] = true
		}
	})
}

// plain is the name of a member without value and indexes.
func plain(path string) string {
	path, _, _ = strings.Cut(path, "=")
	return strings.Join(strings.FieldsFunc(path, func(r rune) bool { return r == '[' || r == ']' || r >= '0' && r <= '9' }), "")
}

func (f *forger) keyOf(kid ledger.KeyID) *ledger.Key {
	for _, k := range f.keys {
		if k.ID() == kid {
			return k
		}
	}
	f.t.Fatalf("no key %s", kid)
	return nil
}

// again is the world whose log was written again from an entry on. The calls after
// it are as they were; their digests are what the contract makes of them now, or
// what they were where it refuses them.
func (f *forger) again(seq int64, first ledger.LogEntry, digests bool) *world {
	w := *f.world
	w.state, w.log, w.writes = map[string][]byte{}, tree{}, maps.Clone(f.writes)
	for i, entry := range f.log.entries {
		at := int64(i)
		var e ledger.LogEntry
		if at >= seq {
			if err := ledger.DecodeStrict(entry, &e); err != nil {
				f.t.Fatal(err)
			}
		}
		if at == seq {
			e = first
		}
		if at > seq || at == seq && digests {
			if s, err := contract.Parse(e.Call); err == nil {
				r := contract.Apply(contract.Env{Time: e.Time, Rules: contract.Rules}, f.algs, &w, contract.Verified{Signed: s})
				if r.Err == nil && !r.Repeated {
					e.Reads, e.Writes, e.Event, w.writes[at] = r.Record.Reads, r.Record.Writes, r.Record.Event, r.Writes
				}
			}
		}
		if at >= seq {
			entry = encode(f.t, e)
		}
		w.log.append(f.t, entry)
		for _, x := range w.writes[at] {
			if x.Value == nil {
				delete(w.state, x.Key)
			} else {
				w.state[x.Key] = x.Value
			}
		}
	}
	return &w
}

// verify checks the same calls of a world with receipts.
func (f *forger) verify(w *world, groups []evidence.ReceiptGroup) error {
	b := f.bundle
	var err error
	if b.Proof, _, err = w.Open(f.t.Context()); err != nil {
		return err
	}
	b.Calls, b.Receipts = slices.Clone(b.Calls), groups
	for i, seq := range f.seqs {
		p, err := w.Prove(f.t.Context(), ledger.Position{Block: uint64(seq)})
		if err != nil {
			return err
		}
		b.Calls[i].Proof = p.Proof
		if len(b.Calls[i].Writes) > 0 {
			b.Calls[i].Writes = nil
			for _, x := range p.Writes {
				if !ledger.IsCallKey(x.Key) {
					line := evidence.WriteLine{Line: ledger.LineOf(x.Key, x.Value)}
					if len(f.bundle.Calls[i].Writes[0].Value) > 0 {
						line.Value = x.Value
					}
					b.Calls[i].Writes = append(b.Calls[i].Writes, line)
				}
			}
		}
	}
	data := encode(f.t, b)
	_, err = evidence.Verify(data, f.trust(), f.algs, checkers())
	seal(f.t).agrees(f.t, "forged", data, f.trust(), err)
	return err
}

// receipts changes the members of a start, of an end, and of both alike, all of them
// in the log of the node and under one anchor.
func (f *forger) receipts() {
	w := *f.world
	f.world = &w
	items := f.bundle.Receipts[0].Items
	pairs := map[int64]string{}
	put := func(name string, start, end []byte) {
		if f.skip() || bytes.Equal(start, items[0].Entry) && bytes.Equal(end, items[1].Entry) {
			return
		}
		log := w.receipts[ledger.ReceiptLog(node)]
		pairs[log.append(f.t, start)] = name
		log.append(f.t, end)
	}
	for n, name := range []string{"start", "end"} {
		v := parse(f.t, items[n].Entry)
		v.mutate("", func(path string) {
			pair := [][]byte{items[0].Entry, items[1].Entry}
			pair[n] = bytes.Clone(v.bytes())
			put(name+plain(path), pair[0], pair[1])
			if n == 0 {
				member, _, _ := strings.Cut(strings.TrimPrefix(path, "."), "=")
				if end, ok := carried(f.t, items[1].Entry, member, v); ok {
					put("start and end"+plain(path), pair[0], end)
				}
			}
		})
	}
	w.anchor("node", node)
	f.seqs[len(f.seqs)-1] = int64(len(w.log.entries)) - 1
	log := w.receipts[ledger.ReceiptLog(node)]
	size := int64(len(log.entries))
	for at, name := range pairs {
		group := f.bundle.Receipts[0]
		group.Items = nil
		for i := at; i < at+2; i++ {
			group.Items = append(group.Items, evidence.ReceiptItem{Index: i, Entry: log.entries[i], Path: log.path(f.t, i, size)})
		}
		if f.verify(&w, []evidence.ReceiptGroup{group}) == nil {
			f.accepted["receipt "+name+": the node's word"] = true
		}
	}
}

// carried makes the same change to a member of the end.
func carried(t *testing.T, end []byte, member string, start *value) ([]byte, bool) {
	v := parse(t, end)
	i, j := slices.Index(v.names, member), slices.Index(start.names, member)
	if i < 0 || j < 0 || member == "id" || member == "time" {
		return nil, false
	}
	v.list[i] = start.list[j]
	return v.bytes(), true
}

// compare compares what was accepted with the list: completely, or only what was
// tried.
func (f *forger) compare() {
	list := slices.Sorted(maps.Keys(f.accepted))
	text := strings.Join(list, "\n") + "\n"
	if *update && *forgeAll {
		writeVector(f.t, acceptedFile, []byte(text))
	}
	known := string(readVector(f.t, acceptedFile))
	if *forgeAll {
		if diff := cmp.Diff(known, text); diff != "" {
			f.t.Errorf("%s: %s", filepath.Join("testdata", acceptedFile), diff)
		}
	}
	for _, name := range list {
		if !slices.Contains(strings.Split(known, "\n"), name) {
			f.t.Errorf("accepted, and not in the list: %s", name)
		}
	}
}
