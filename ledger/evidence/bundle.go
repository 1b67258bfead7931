package evidence

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"

	"github.com/datacadastre/cadastre/ledger"
)

// Version is the version of the bundle's format.
const Version = 3

// MaxBundle is the maximum size in bytes of a bundle to read, which may be joined
// from several bundles.
const MaxBundle = 64 << 20

// MaxMade is the maximum size in bytes of the calls and receipts of a bundle to
// make. Making a bundle needs 2.4 times its size in memory (BenchmarkBuild), which
// is at most 30 MB.
const MaxMade = 12_000_000

// MaxCalls is the maximum number of calls in a bundle.
const MaxCalls = 5000

// Bundle is everything that proves one record or receipt.
type Bundle struct {
	V        int            `json:"v" zh:"格式版本" en:"version of the form"`
	Ledger   ledger.ID      `json:"ledger" zh:"账本编号" en:"ledger"`
	About    ledger.Ref     `json:"about" zh:"所证明的记录或回执" en:"record or receipt that it proves"` // its kind is in the table of matters
	Proof    ProofSet       `json:"proof" zh:"请求如何证明" en:"how the calls are proved"`
	Calls    []Call         `json:"calls" zh:"签名请求，按账本顺序；第一项为创世请求" en:"signed calls in the ledger's order; the first is the genesis"` // in the ledger's order; the first is the genesis
	Receipts []ReceiptGroup `json:"receipts" zh:"回执，按日志" en:"receipts, by log"`                                                       // by log
}

// ProofSet says how the calls are proved, and contains what their proofs share.
type ProofSet struct {
	Kind   string          `json:"kind" form:"enum=proof_kinds" zh:"证明的种类" en:"kind of the proofs"`
	Common json.RawMessage `json:"common" zh:"各证明共有的部分，按其种类" en:"what the proofs share, in the form of their kind"` // in the form of its kind
}

// Call is one recorded call: its proof and, in three cases, data that cannot be
// derived.
type Call struct {
	Proof json.RawMessage `json:"proof" zh:"记录在账的证明，含请求原文，按证明的种类" en:"proof that it is recorded, with the call as signed, in the form of the bundle's kind"` // in the form of the bundle's kind; holds the JWS
	// Reads lists all keys that the call read, if it names unrelated records or reads
	// group records (contract.Env.Unrelated).
	Reads []ledger.Line `json:"reads,omitempty" zh:"请求所读取的各键，仅当涉及无关记录或共同记录时" en:"keys that the call read, if it names unrelated records or reads group records"`
	// Writes lists all keys that an anchor wrote, with their values. An anchor is
	// not run again, since that would need all anchors back to the first of its
	// log. Of a call that may have written group records, Writes lists all keys
	// without values.
	Writes []WriteLine `json:"writes,omitempty" zh:"锚定请求写入的各键与值；涉及共同记录的请求则仅列键与摘要" en:"keys and values that an anchor wrote; of a call that writes group records, keys and digests"`
}

// WriteLine is one key that a call wrote.
type WriteLine struct {
	ledger.Line
	Value []byte `json:"value,omitempty" zh:"值，base64，仅锚定请求有" en:"value, in base64; of an anchor only"`
}

// ReceiptGroup is a group of receipts of one log, with the call that anchored it.
type ReceiptGroup struct {
	Log    string        `json:"log" zh:"回执日志的标识" en:"origin of the receipt log"`                                // origin of the receipt log
	Anchor int           `json:"anchor" zh:"锚定请求在 calls 中的序号" en:"index of the call that anchored it, in calls"` // index into the bundle's calls
	Items  []ReceiptItem `json:"items" zh:"回执，按日志序号" en:"receipts, by index"`                                    // by index
}

// ReceiptItem is an entry of a receipt log with its inclusion proof for the size
// and root of the anchor (RFC 9162 §2.1.3).
type ReceiptItem struct {
	Index int64           `json:"index" zh:"日志中的序号" en:"index in the log"`
	Entry []byte          `json:"entry" zh:"回执的字节，base64，其叶哈希被证明" en:"bytes of the receipt in base64, whose leaf hash is proved"` // the bytes whose leaf hash is proved
	Path  []ledger.Digest `json:"inclusion" zh:"包含证明（RFC 9162 §2.1.3）" en:"inclusion proof (RFC 9162 §2.1.3)"`
}

// Trust is what a verifier must have beforehand, from a source other than the node.
// All keys of parties follow from the genesis.
type Trust struct {
	Ledger  ledger.ID       `json:"ledger"`
	Genesis ledger.Digest   `json:"genesis_sha256"` // over the genesis JWS as signed
	Logs    []string        `json:"logs"`           // verifier keys of the ledger log (C2SP signed-note)
	Demo    *bool           `json:"demo,omitempty"` // if set, compared with the genesis
	Fabric  json.RawMessage `json:"fabric,omitempty"`

	Auditors []Auditor `json:"auditors,omitempty"` // their cosignatures are accepted
	Ended    []Ended   `json:"ended,omitempty"`    // logs whose last entries were lost in a restore
}

// ParseTrust decodes a trust file strictly.
func ParseTrust(data []byte) (Trust, error) {
	var t Trust
	if err := ledger.DecodeStrict(data, &t); err != nil {
		return t, fmt.Errorf("trust file: %w", err)
	}
	if err := ledger.First(t.Ledger.Validate("ledger"), t.Genesis.Validate("genesis_sha256")); err != nil {
		return t, fmt.Errorf("trust file: %w", err)
	}
	for i, a := range t.Auditors {
		if err := ledger.CheckText(fmt.Sprintf("auditors[%d].name", i), a.Name, 1, ledger.MaxName); err != nil {
			return t, fmt.Errorf("trust file: %w", err)
		}
	}
	if _, err := (Trust{Auditors: t.Auditors}).signers(); err != nil {
		return t, fmt.Errorf("trust file: %w", err)
	}
	return t, nil
}

// Parse decodes a bundle strictly. Apart from white space it must be exactly what
// Encode returns, so that no member can be left out, repeated or reordered. Parse
// checks no proofs.
func Parse(data []byte) (Bundle, error) {
	var b Bundle
	if len(data) > MaxBundle {
		return b, fail(CheckForm, "", ledger.Refuse(ledger.InvalidCode, ledger.ReasonTooLarge))
	}
	if err := ledger.DecodeStrict(data, &b); err != nil {
		return b, fail(CheckForm, "", err)
	}
	if b.V != Version {
		return b, fail(CheckForm, "v", ledger.Invalid("v", "known_version"))
	}
	if err := b.Ledger.Validate("ledger"); err != nil {
		return b, fail(CheckForm, "ledger", err)
	}
	form, err := b.Encode()
	if err == nil {
		err = checkCanonical(data, form)
	}
	if err != nil {
		return b, fail(CheckForm, "", err)
	}
	return b, nil
}

// Encode returns the only valid encoding of the bundle.
func (b Bundle) Encode() ([]byte, error) {
	var data bytes.Buffer
	if _, err := b.WriteTo(&data); err != nil {
		return nil, fmt.Errorf("encode bundle: %w", err)
	}
	return data.Bytes(), nil
}

// WriteTo writes the encoding of Encode, one call or receipt after the other, since
// a bundle can have several megabytes and a node sends several at a time. It
// implements io.WriterTo.
func (b Bundle) WriteTo(w io.Writer) (int64, error) {
	out := &countingWriter{w: w}
	calls, groups := b.Calls, b.Receipts
	b.Calls, b.Receipts = []Call{}, []ReceiptGroup{}
	whole, err := json.Marshal(b)
	if err != nil {
		return 0, fmt.Errorf("encode bundle: %w", err)
	}
	const empty = `[],"receipts":[]}`
	out.write(bytes.TrimSuffix(whole, []byte(empty)))
	writeAll(out, calls, func(c Call) { out.encode(c) })
	out.write([]byte(`,"receipts":`))
	writeAll(out, groups, func(g ReceiptGroup) {
		items := g.Items
		g.Items = []ReceiptItem{}
		head, err := json.Marshal(g)
		out.fail(err)
		out.write(bytes.TrimSuffix(head, []byte("[]}")))
		writeAll(out, items, func(i ReceiptItem) { out.encode(i) })
		out.write([]byte("}"))
	})
	out.write([]byte("}"))
	return out.n, out.err
}

// writeAll writes a list.
func writeAll[T any](out *countingWriter, list []T, write func(T)) {
	sep := []byte("[")
	for _, x := range list {
		if out.err != nil {
			return
		}
		out.write(sep)
		write(x)
		sep = []byte(",")
	}
	if len(list) == 0 {
		out.write(sep)
	}
	out.write([]byte("]"))
}

// countingWriter writes until the first error and counts the bytes.
type countingWriter struct {
	w   io.Writer
	n   int64
	err error
}

func (c *countingWriter) fail(err error) { c.err = cmp.Or(c.err, err) }

func (c *countingWriter) write(p []byte) {
	if c.err == nil {
		n, err := c.w.Write(p)
		c.n, c.err = c.n+int64(n), err
	}
}

func (c *countingWriter) encode(v any) {
	p, err := json.Marshal(v)
	c.fail(err)
	c.write(p)
}

// checkCanonical checks that data, apart from white space, is equal to want.
func checkCanonical(data, want []byte) error {
	var got bytes.Buffer
	if err := json.Compact(&got, data); err != nil {
		return fmt.Errorf("compact: %w", err)
	}
	if !bytes.Equal(got.Bytes(), want) {
		return &ledger.Error{Code: ledger.InvalidCode, Reason: ledger.ReasonJSON, Rule: "one_form"}
	}
	return nil
}
