// Package verdict says what a bundle of evidence proves, or why it proves nothing,
// from its bytes and a trust file alone. The commands of internal/proving and the
// verifier in the browser (cmd/verify/wasm) give the same verdict. It opens no files
// and asks no network, and it holds no store, so that a browser can load it.
package verdict

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/datacadastre/cadastre/internal/words"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/evidence"
	"github.com/datacadastre/cadastre/ledger/fabric/proof"
)

// Checkers check the proofs of a bundle's calls, by kind.
func Checkers() map[string]evidence.Checker {
	return map[string]evidence.Checker{evidence.TLogKind: evidence.TLog{}, proof.Kind: proof.Checker{}}
}

// Options are what a verdict is asked for.
type Options struct {
	Lang   string        `json:"lang,omitempty"`   // zh or en: of the sentence; zh unless told
	SHA256 ledger.Digest `json:"sha256,omitempty"` // of a file that the bundle must hold; empty: of none
}

// Verdict is a report, or why there is none.
type Verdict struct {
	Proven  bool             `json:"proven"`
	Report  *evidence.Report `json:"report,omitempty"`
	Failure *Failure         `json:"failure,omitempty"`
}

// Failure says which check did not hold.
type Failure struct {
	Check    string `json:"check"`            // a word of docs/evidence.md, or trust, options or file
	At       string `json:"at,omitempty"`     // the place in the bundle
	Sentence string `json:"sentence"`         // in the language that was asked for
	Detail   string `json:"detail,omitempty"` // the cause, in the same language
}

// What fails beside the checks of a bundle.
const (
	noTrust   = "trust"   // the trust file can't be read
	noOptions = "options" // the options can't be read
	noFile    = "file"    // the bundle does not hold the file
)

// Of checks a bundle with a trust file and returns the verdict. It never fails: what
// can't be read proves nothing.
func Of(bundle, trust []byte, o Options) Verdict {
	t, err := evidence.ParseTrust(trust)
	if err != nil {
		return refused(noTrust, "", say(o.Lang, "信任文件无法读取", "the trust file can't be read"), words.CauseIn(o.Lang, err))
	}
	r, err := evidence.Verify(bundle, t, ledger.Standard(), Checkers())
	if err != nil {
		f := evidence.AsFailure(err)
		if f == nil {
			return refused("", "", "", words.CauseIn(o.Lang, err))
		}
		return refused(string(f.Check), f.At, words.Check(o.Lang, string(f.Check)), words.CauseIn(o.Lang, f.Err))
	}
	if o.SHA256 != "" && !Holds(r, o.SHA256) {
		return refused(noFile, string(o.SHA256), say(o.Lang, "证据包中没有此文件", "the bundle does not hold this file"), "")
	}
	return Verdict{Proven: true, Report: &r}
}

// JSON is Of with options and verdict in JSON, for callers in other languages.
// Empty options are none.
func JSON(bundle, trust, options []byte) []byte {
	var o Options
	var v Verdict
	if err := readOptions(options, &o); err != nil {
		v = refused(noOptions, "", "options: {lang, sha256}", err.Error())
	} else {
		v = Of(bundle, trust, o)
	}
	data, err := json.Marshal(v)
	if err != nil { // a verdict holds nothing that can't be encoded
		panic(fmt.Sprintf("encode verdict: %v", err))
	}
	return data
}

func readOptions(options []byte, o *Options) error {
	if len(options) == 0 {
		return nil
	}
	return ledger.DecodeStrict(options, o)
}

func refused(check, at, sentence, detail string) Verdict {
	return Verdict{Failure: &Failure{Check: check, At: at, Sentence: sentence, Detail: detail}}
}

// Holds reports whether a file, by its SHA-256, is on record in what a bundle proves,
// or was delivered.
func Holds(r evidence.Report, sum ledger.Digest) bool {
	recorded := slices.ContainsFunc(r.Files, func(x evidence.File) bool { return x.SHA256 == sum })
	return recorded || slices.ContainsFunc(r.Receipts, func(x evidence.Delivery) bool { return x.SHA256 == sum })
}

func say(lang, zh, en string) string {
	if lang == "en" {
		return en
	}
	return zh
}
