package evidence_test

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"slices"
	"sort"
	"strconv"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/datacadastre/cadastre/internal/cosign"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/contract"
	"github.com/datacadastre/cadastre/ledger/evidence"
	"github.com/datacadastre/cadastre/ledger/ledgertest"
)

// tree is a log in memory.
type tree struct {
	entries [][]byte
	hashes  []tlog.Hash
}

func (l *tree) ReadHashes(at []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(at))
	for i, n := range at {
		out[i] = l.hashes[n]
	}
	return out, nil
}

func (l *tree) append(t testing.TB, entry []byte) int64 {
	t.Helper()
	n := int64(len(l.entries))
	more, err := tlog.StoredHashes(n, entry, l)
	if err != nil {
		t.Fatalf("append: %v", err)
	}
	l.hashes, l.entries = append(l.hashes, more...), append(l.entries, entry)
	return n
}

func (l *tree) root(t testing.TB, size int64) tlog.Hash {
	t.Helper()
	h, err := tlog.TreeHash(size, l)
	if err != nil {
		t.Fatalf("root: %v", err)
	}
	return h
}

func (l *tree) path(t testing.TB, n, size int64) []ledger.Digest {
	t.Helper()
	p, err := tlog.ProveRecord(size, n, l)
	if err != nil {
		t.Fatalf("prove: %v", err)
	}
	return digests(p)
}

func digests[T ~[]tlog.Hash](list T) []ledger.Digest {
	out := []ledger.Digest{}
	for _, h := range list {
		out = append(out, ledger.Digest(hex.EncodeToString(h[:])))
	}
	return out
}

// world is a small ledger that runs the real contract, with its log, a receipt
// log and everybody's keys. The test owns the clock.
type world struct {
	t        testing.TB
	now      ledger.Millis
	state    map[string][]byte
	sum      ledger.StateSum // of state
	cast     *cast
	keys     ledgertest.Keys           // of the cast, but for those that were replaced
	custody  map[string]ledger.Custody // of the sign keys that their parties do not store themselves
	log      tree
	skey     string
	vkey     string // of the trust file
	origin   string // name of the ledger log now
	writes   map[int64][]ledger.Write
	index    map[string][]int64 // entries that wrote a key
	receipts map[string]*tree
	logKeys  map[string]string // secret keys of receipt logs
	anchored map[string]int64
	genesis  ledger.Digest
	n        int
	read     []ledger.Line // what the last call read that a node pretended
	kind     string        // of the proofs; empty: tlog
	size     int64         // of the checkpoint that is given out; 0: the newest
	auditors []*cosign.Key // who cosign what is given out
}

func (w *world) Get(key string) ([]byte, bool, error) {
	v, ok := w.state[key]
	return v, ok, nil
}

func id(name string) ledger.ID { return ledger.DeriveID("evidence", name) }

var sum = ledgertest.Hash

func ref(kind, name string) ledger.Ref { return ledger.RefTo(kind, id(name)) }

const node = "node.example"

// noon is 2026-10-20 12:00 in Shanghai.
const noon = ledger.Millis(1792468800000)

// tale is what happens on the ledger of a test.
var tale = ledgertest.Story{
	ID: id, Today: func() time.Time { return time.UnixMilli(int64(noon)) }, Region: "430300", Purposes: []ledger.Purpose{{Class: ledger.Industry}},
}

var someone = ledgertest.Someone

func members() []ledgertest.Person {
	return []ledgertest.Person{
		someone("body", "12430300MB0C00001", ledger.Institution, ledger.RoleRegistryBody),
		someone("holder", "11430300MB0C00002", ledger.Organ, ledger.RoleHolder),
		someone("implementer", "11430300MB0C00003", ledger.Organ, ledger.RoleImplementer),
		someone("operator", "91430300MA4C00004", ledger.Enterprise, ledger.RoleOperator),
		someone("buyer", "91430300MA4C00005", ledger.Enterprise, ledger.RoleBuyer),
		someone("buyer2", "91430300MA4C00006", ledger.Enterprise, ledger.RoleBuyer),
		someone("regulator", "11430300MB0C00007", ledger.Organ, ledger.RoleRegulator),
		someone("node2", "12430300MB0C00008", ledger.Institution, ledger.RolePlatform),
	}
}

// begin makes a demonstration ledger with all members admitted.
func begin(t testing.TB) *world {
	t.Helper()
	return beginWith(t, func(*ledger.GenesisArgs) {})
}

func beginWith(t testing.TB, change func(*ledger.GenesisArgs)) *world {
	t.Helper()
	return theCast.begin(t, change)
}

func (c *cast) begin(t testing.TB, change func(*ledger.GenesisArgs)) *world {
	t.Helper()
	w := &world{
		t: t, cast: c, now: noon, state: map[string][]byte{}, keys: ledgertest.Keys{}, custody: map[string]ledger.Custody{"buyer": ledger.CustodyNode, "operator": ledger.CustodyBrowser},
		writes: map[int64][]ledger.Write{}, index: map[string][]int64{}, receipts: map[string]*tree{},
		logKeys: map[string]string{}, anchored: map[string]int64{},
	}
	own := c.log(t, ledger.LedgerLog(node))
	w.skey, w.vkey, w.origin = own.secret, own.public, ledger.LedgerLog(node)
	authority := w.profile(someone("authority", "11430300MB0C00009", ledger.Organ, ledger.RoleDataAuthority))
	platform := w.profile(someone("node", "12430300MB0C00010", ledger.Institution, ledger.RolePlatform))
	platform.Origin, platform.LogKey = node, w.logKey(node)
	args := ledger.GenesisArgs{
		Ledger: id("ledger"), Name: "湘潭市公共数据资源登记", Region: "430300", Origin: node, LedgerKey: w.vkey,
		Authority: authority, Recovery: w.key("recovery").Public(), Platform: w.apply("node", platform), Gate: ledger.GateStrict,
		Rules: contract.Rules, Demo: true,
	}
	change(&args)
	w.must("authority", ledger.FnGenesis, args)
	for _, m := range members() {
		w.admit(m)
	}
	return w
}

func (w *world) admit(m ledgertest.Person) {
	w.t.Helper()
	p := w.profile(m)
	if m.Name == "node2" {
		p.Origin, p.LogKey = "node2.example", w.logKey("node2.example")
	}
	w.must("authority", ledger.FnPartyAdmit, ledger.PartyAdmitArgs{Application: w.apply(m.Name, p)})
}

func (w *world) key(name string) *ledger.Key {
	if w.keys[name] == nil {
		w.keys[name] = w.cast.key(w.t, name)
	}
	return w.keys[name]
}

func (w *world) apply(name string, p ledger.PartyProfile) string {
	return w.cast.sign(w.t, w.key(name), p, func() (string, error) { return ledger.SignProfile(w.key(name), p) })
}

func (w *world) profile(m ledgertest.Person) ledger.PartyProfile {
	w.key(m.Name)
	if slices.Contains(m.Roles, ledger.RoleRegistryBody) {
		w.key(ledgertest.Signer(m.Name, ledger.FnAppPass))
	}
	p := tale.Profile(w.t, w.keys, m)
	if custody := w.custody[m.Name]; custody != "" {
		p.Keys[0].Custody = custody
	}
	return p
}

// sign makes a call under a fresh id, signed by the key of a name.
func (w *world) sign(who, key string, fn ledger.Function, args any) string {
	w.t.Helper()
	w.n++
	call := ledger.Call{
		Ledger: id("ledger"), ID: id("call" + strconv.Itoa(w.n)), Party: id(who), Function: fn, Time: w.now, Expires: w.now + 3_600_000,
	}
	return w.cast.sign(w.t, w.key(key), []any{call, args}, func() (string, error) { return ledger.SignCall(w.key(key), call, args) })
}

// must makes a call that may not be refused, a second after the last one.
func (w *world) must(who string, fn ledger.Function, args any) {
	w.t.Helper()
	w.record(w.sign(who, ledgertest.Signer(who, fn), fn, args))
}

func (w *world) record(jws string) {
	w.t.Helper()
	w.now += 1000
	s, err := contract.Parse(jws)
	if err != nil {
		w.t.Fatalf("parse: %v", err)
	}
	r := contract.Apply(contract.Env{Time: w.now, Rules: contract.Rules}, ledger.Standard(), w, contract.Verified{Signed: s})
	if r.Err != nil {
		w.t.Fatalf("%s by %s: %v", s.Call.Function, s.Call.Party, r.Err)
	}
	w.commit(s, r)
}

// commit puts a call on the log with its writes.
func (w *world) commit(s ledger.Signed, r contract.Result) {
	w.t.Helper()
	seq := int64(len(w.log.entries))
	if seq == 0 {
		w.genesis = ledger.DigestOf([]byte(s.Compact))
	}
	for _, write := range r.Writes {
		w.index[write.Key] = append(w.index[write.Key], seq)
		if old, ok := w.state[write.Key]; ok {
			w.sum.Remove(write.Key, old)
			delete(w.state, write.Key)
		}
		if write.Value != nil {
			w.sum.Add(write.Key, write.Value)
			w.state[write.Key] = write.Value
		}
	}
	w.log.append(w.t, encode(w.t, ledger.LogEntry{
		V: ledger.EntryVersion, Seq: uint64(seq), Time: w.now, Rules: 1, Call: s.Compact, Reads: r.Record.Reads, Writes: ledger.HashWrites(r.Writes),
		Event: ledger.DigestOf(r.Event), State: w.sum.Digest(),
	}))
	w.writes[seq] = r.Writes
}

func encode(t testing.TB, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatalf("encode: %v", err)
	}
	return b
}

func get[T any](w *world, r ledger.Ref) T {
	w.t.Helper()
	var v T
	if err := json.Unmarshal(w.state[string(r)], &v); err != nil {
		w.t.Fatalf("record %s: %v", r, err)
	}
	return v
}

// cited is the payload of the call that last wrote a record.
func (w *world) cited(r ledger.Ref) ledger.Digest {
	w.t.Helper()
	return get[struct {
		Cite ledger.Cite `json:"cite"`
	}](w, r).Cite.Payload
}

func (w *world) answer(r ledger.Ref) ledger.AnswerArgs {
	return ledger.AnswerArgs{ID: ledger.ID(r.ID()), Answers: w.cited(r)}
}

func (w *world) target(r ledger.Ref) ledger.TargetArgs {
	return ledger.TargetArgs{ID: ledger.ID(r.ID()), Answers: w.cited(r), Ground: "order-12"}
}

// Open, Writer, Writes, Prove and Receipts implement evidence.Source.

func (w *world) Open(context.Context) (evidence.ProofSet, ledger.Position, error) {
	msg, size := w.checkpoint()
	return evidence.ProofSet{Kind: cmp.Or(w.kind, evidence.TLogKind), Common: encode(w.t, evidence.TLogCommon{Checkpoint: msg})}, ledger.Position{Block: uint64(size)}, nil
}

func (w *world) Writer(_ context.Context, key string, before ledger.Position) (ledger.Position, bool, error) {
	list := w.index[key]
	i := sort.Search(len(list), func(i int) bool { return uint64(list[i]) >= before.Block })
	if i == 0 {
		return ledger.Position{}, false, nil
	}
	return ledger.Position{Block: uint64(list[i-1])}, true, nil
}

func (w *world) Writes(_ context.Context, at ledger.Position) ([]ledger.Write, error) {
	return w.writes[int64(at.Block)], nil
}

func (w *world) Prove(_ context.Context, at ledger.Position) (evidence.Proven, error) {
	_, size := w.checkpoint()
	seq := int64(at.Block)
	return evidence.Proven{Writes: w.writes[seq], Proof: encode(w.t, evidence.TLogProof{
		Entry: w.log.entries[seq], Size: size, Path: w.log.path(w.t, seq, size),
	})}, nil
}

func (w *world) checkpoint() (string, int64) {
	size := w.size
	if size == 0 {
		size = int64(len(w.log.entries))
	}
	msg := []byte(w.signed(w.skey, w.origin, size, w.log.root(w.t, size)))
	for _, a := range w.auditors {
		var err error
		if msg, err = a.Cosign(msg, time.UnixMilli(int64(noon))); err != nil {
			w.t.Fatalf("cosign: %v", err)
		}
	}
	return string(msg), size
}

func (w *world) signed(skey, origin string, size int64, root tlog.Hash) string {
	w.t.Helper()
	signer, err := note.NewSigner(skey)
	if err != nil {
		w.t.Fatalf("signer: %v", err)
	}
	text := origin + "\n" + strconv.FormatInt(size, 10) + "\n" + base64.StdEncoding.EncodeToString(root[:]) + "\n"
	msg, err := note.Sign(&note.Note{Text: text}, signer)
	if err != nil {
		w.t.Fatalf("sign checkpoint: %v", err)
	}
	return string(msg)
}

func (w *world) trust() evidence.Trust {
	demo := get[ledger.Genesis](w, ledger.GenesisRef).Demo
	return evidence.Trust{Ledger: id("ledger"), Genesis: w.genesis, Logs: []string{w.vkey}, Demo: &demo}
}

func checkers() map[string]evidence.Checker {
	return map[string]evidence.Checker{evidence.TLogKind: evidence.TLog{}}
}

// build makes a bundle that must verify.
func (w *world) build(about ledger.Ref) (evidence.Bundle, evidence.Report) {
	w.t.Helper()
	b, r, err := evidence.Build(w.t.Context(), w, about, w.trust(), ledger.Standard(), checkers())
	if err != nil {
		w.t.Fatalf("build: %v", err)
	}
	return b, r
}

func (w *world) verify(data []byte) (evidence.Report, error) {
	r, err := evidence.Verify(data, w.trust(), ledger.Standard(), checkers())
	seal(w.t).agrees(w.t, w.t.Name(), data, w.trust(), err)
	return r, err
}

// fails checks that a bundle fails a check.
func (w *world) fails(b evidence.Bundle, want evidence.Check) {
	w.t.Helper()
	_, err := w.verify(encode(w.t, b))
	if f := evidence.AsFailure(err); f == nil || f.Check != want {
		w.t.Errorf("verify: %v, want a failure of %s", err, want)
	}
}
