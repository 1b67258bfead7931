// Package verdict says what a bundle of evidence proves, or why it proves nothing, from
// its bytes and a trust file only. The commands of internal/proving and the verifier in
// the browser (cmd/verify/wasm) give the same verdict. It opens no files, no network
// connections and no stores, so that a browser can load it.
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

// Checkers returns the checkers of the proofs of calls, by kind.
func Checkers() map[string]evidence.Checker {
	return map[string]evidence.Checker{evidence.TLogKind: evidence.TLog{}, proof.Kind: proof.Checker{}}
}

// Options are the settings of a verdict.
type Options struct {
	Lang   string        `json:"lang,omitempty"`   // language of the sentence, zh or en; zh by default
	SHA256 ledger.Digest `json:"sha256,omitempty"` // of a file that the bundle must contain; empty: no file
}

// Verdict is a report, or the reason why there is no report.
type Verdict struct {
	Proven  bool             `json:"proven"`
	Report  *evidence.Report `json:"report,omitempty"`
	Failure *Failure         `json:"failure,omitempty"`
}

// Failure says which check failed.
type Failure struct {
	Check    string `json:"check"`            // a word of docs/evidence.md, or trust, options or file
	At       string `json:"at,omitempty"`     // the place in the bundle
	Sentence string `json:"sentence"`         // in the requested language
	Detail   string `json:"detail,omitempty"` // the cause, in the requested language
}

// Failures besides the checks of a bundle.
const (
	noTrust   = "trust"   // the trust file can't be read
	noOptions = "options" // the options can't be read
	noFile    = "file"    // the bundle does not contain the file
)

// Of checks a bundle with a trust file and returns the verdict. It has no error: input
// that can't be read proves nothing.
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
	if o.SHA256 != "" && !Contains(r, o.SHA256) {
		return refused(noFile, string(o.SHA256), say(o.Lang, "证据包中没有此文件", "the bundle does not contain this file"), "")
	}
	return Verdict{Proven: true, Report: &r}
}

// JSON is Of with options and verdict in JSON, for callers in other languages. options
// may be empty.
func JSON(bundle, trust, options []byte) []byte {
	var o Options
	var v Verdict
	if err := readOptions(options, &o); err != nil {
		v = refused(noOptions, "", "options: {lang, sha256}", err.Error())
	} else {
		v = Of(bundle, trust, o)
	}
	data, err := json.Marshal(v)
	if err != nil { // unreachable: every verdict can be encoded
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

// Contains reports whether the file with a SHA-256 is on record, or was delivered,
// according to what a bundle proves.
func Contains(r evidence.Report, sum ledger.Digest) bool {
	recorded := slices.ContainsFunc(r.Files, func(x evidence.File) bool { return x.SHA256 == sum })
	return recorded || slices.ContainsFunc(r.Receipts, func(x evidence.Delivery) bool { return x.SHA256 == sum })
}

func say(lang, zh, en string) string {
	if lang == "en" {
		return en
	}
	return zh
}
