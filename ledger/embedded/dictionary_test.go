package embedded_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"flag"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/embedded"
)

var dictionaryFrom = flag.String("dictionary-from", "", "make row.dict from this ledger.db, as cadastre demo leaves it")

// dictionarySum is the digest of the dictionary that rows are written with.
const dictionarySum ledger.Digest = "aeb11a0616dcb04deb9d497b9fa02f563a76bd0f8f2b6391b420d359dac9f552"

// TestDictionary checks that the dictionary is the one that existing ledgers were
// written with, since their rows cannot be read with another one. With
// -dictionary-from it makes a new dictionary, after which ledgers must be created again:
//
//	cadastre demo --dir D && go test ./ledger/embedded -run TestDictionary -dictionary-from D/ledger.db
func TestDictionary(t *testing.T) {
	dict := embedded.Dictionary
	if *dictionaryFrom != "" {
		dict = makeDictionary(t, *dictionaryFrom)
		if err := os.WriteFile("row.dict", dict, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got := ledger.DigestOf(dict); got != dictionarySum {
		t.Errorf("the dictionary has the digest %s, want %s", got, dictionarySum)
	}
	if blob.Match(dict) || regexp.MustCompile(`[0-9a-f]{16}`).Match(dict) {
		t.Error("the dictionary contains what is not common to ledgers")
	}
}

// unlike is what two rows don't have in common: ids, hashes, keys, long numbers;
// blob is lengths, signatures and Chinese, with short pieces of ASCII between.
var (
	unlike = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{16,}|[A-Za-z0-9_-]{40,}|[0-9]{4,}`)
	blob   = regexp.MustCompile(`[^ -~]+([ -~]{0,8}[^ -~]+)*`)
)

// makeDictionary collects, from one row of each kind of call, what the rows of all
// ledgers have in common, once. The most frequent parts come last, where references to
// them are shortest.
func makeDictionary(t *testing.T, path string) []byte {
	t.Helper()
	var dict []byte
	for _, row := range rowOfEachKind(t, path) {
		text := unlike.ReplaceAll(blob.ReplaceAll(latin(row), nil), nil)
		dict = append(dict, unknown(dict, text)...)
	}
	t.Logf("a dictionary of %d bytes", len(dict))
	return dict
}

// latin is text with a letter for each byte, so that an expression sees bytes.
func latin(b []byte) []byte {
	runes := make([]rune, len(b))
	for i, c := range b {
		runes[i] = rune(c)
	}
	return []byte(string(runes))
}

// unknown is the text without those pieces that dict has.
func unknown(dict, text []byte) []byte {
	const piece = 20
	var out []byte
	for len(text) > 0 {
		n := min(piece, len(text))
		if !bytes.Contains(dict, text[:n]) {
			out, text = append(out, text[0]), text[1:]
			continue
		}
		for n < len(text) && bytes.Contains(dict, text[:n+1]) {
			n++
		}
		text = text[n:]
	}
	return out
}

// rowOfEachKind is the first row of each function, those of a registration last.
func rowOfEachKind(t *testing.T, path string) [][]byte {
	t.Helper()
	codec, first := newRows(t), map[ledger.Function][]byte{}
	for _, row := range readRows(t, path) {
		e, err := codec.Decode(row)
		if err != nil {
			t.Fatal(err)
		}
		data, _, err := embedded.DecodeStored(e.Extra)
		if err != nil {
			t.Fatal(err)
		}
		var event ledger.Event
		if err := json.Unmarshal(data, &event); err != nil {
			t.Fatal(err)
		}
		if first[event.Name] == nil {
			first[event.Name] = embedded.PlainRow(e)
		}
	}
	return inOrder(first)
}

func inOrder(first map[ledger.Function][]byte) [][]byte {
	names := make([]ledger.Function, 0, len(first))
	for n := range first {
		names = append(names, n)
	}
	frequent := []ledger.Function{ledger.FnDeposit, ledger.FnAppAccept, ledger.FnAppPass, ledger.FnAppCode, ledger.FnAppSubmit}
	slices.SortFunc(names, func(a, b ledger.Function) int {
		return cmp.Or(cmp.Compare(slices.Index(frequent, a), slices.Index(frequent, b)), strings.Compare(string(a), string(b)))
	})
	var out [][]byte
	for _, n := range names {
		out = append(out, first[n])
	}
	return out
}
