package main

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"github.com/datacadastre/cadastre/internal/client"
	"github.com/datacadastre/cadastre/internal/proving"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/audit"
	"github.com/datacadastre/cadastre/ledger/evidence"
)

// golden is the ledger of package evidence that has every function.
type golden struct {
	Trust      json.RawMessage   `json:"trust"`
	Checkpoint string            `json:"checkpoint"`
	Receipts   string            `json:"receipts_checkpoint"`
	Entries    []json.RawMessage `json:"entries"`
	Log        []json.RawMessage `json:"receipts"`
}

func readGolden(t *testing.T) (g golden) {
	t.Helper()
	raw, err := os.ReadFile(vectors + "rules1.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &g); err != nil {
		t.Fatal(err)
	}
	return g
}

// node serves a golden ledger as a node does, with what receipts says of the receipt
// log; asked counts the bundles of receipts that it was asked for.
func node(t *testing.T, receipts func(g golden) (checkpoint string, entries []json.RawMessage)) (url, trust string, asked *atomic.Int64) {
	t.Helper()
	g := readGolden(t)
	asked = new(atomic.Int64)
	checkpoint, log := receipts(g)
	mux := http.NewServeMux()
	text := func(path, answer string) {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(answer)) })
	}
	text("/v1/about", `{"origin":"node.example"}`)
	text("/log/ledger/checkpoint", g.Checkpoint)
	text("/log/ledger/tile/entries/000.p/"+strconv.Itoa(len(g.Entries)), bundle(g.Entries))
	if checkpoint != "" {
		text("/log/receipts/checkpoint", checkpoint)
	}
	if checkpoint == "" {
		mux.HandleFunc("GET /log/receipts/", http.NotFound)
	}
	mux.HandleFunc("GET /log/receipts/tile/", func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		if !strings.HasSuffix(r.URL.Path, "000.p/"+strconv.Itoa(len(log))) {
			_, _ = w.Write([]byte(bundle(make([]json.RawMessage, 256)))) // without end, and nothing in it
			return
		}
		_, _ = w.Write([]byte(bundle(log)))
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL, file(t, "trust.json", string(g.Trust)), asked
}

// bundle is a bundle of entries (C2SP tlog-tiles).
func bundle(entries []json.RawMessage) string {
	var b []byte
	for _, e := range entries {
		b = append(binary.BigEndian.AppendUint16(b, uint16(len(e))), e...)
	}
	return string(b)
}

// TestAuditOfANode audits by the address of a node, an honest one and others that would
// have the auditor read on for ever.
func TestAuditOfANode(t *testing.T) {
	stranger := func(size string) string {
		skey, _, err := note.GenerateKey(rand.Reader, "node.example/log/receipts")
		if err != nil {
			t.Fatal(err)
		}
		s, err := note.NewSigner(skey)
		if err != nil {
			t.Fatal(err)
		}
		msg, err := note.Sign(&note.Note{Text: "node.example/log/receipts\n" + size + "\n" + strings.Repeat("A", 43) + "=\n"}, s)
		if err != nil {
			t.Fatal(err)
		}
		return string(msg)
	}
	for name, c := range map[string]struct {
		receipts func(g golden) (string, []json.RawMessage)
		code     int
		asked    int64
	}{
		"honest": {func(g golden) (string, []json.RawMessage) { return g.Receipts, g.Log }, proving.ExitOK, 1},
		"a stranger's receipts without end": {
			func(golden) (string, []json.RawMessage) { return stranger("1000000000000"), nil }, proving.ExitUnproven, 0,
		},
		"another size than was signed": {func(g golden) (string, []json.RawMessage) {
			return strings.Replace(g.Receipts, "\n10\n", "\n1000000000000\n", 1), nil
		}, proving.ExitUnproven, 0},
	} {
		t.Run(name, func(t *testing.T) {
			url, trust, asked := node(t, c.receipts)
			code, out, errs := command(t, "audit", url, "--trust", trust, "--json")
			var r audit.Report
			if err := json.Unmarshal([]byte(out), &r); err != nil {
				t.Fatalf("%v: %s", err, errs)
			}
			if code != c.code || asked.Load() != c.asked || (code == proving.ExitOK) != (len(r.Logs) > 0 && r.Logs[0].Read && r.Logs[0].Judged > 0) {
				t.Errorf("exit %d, %d bundles of receipts asked for, %s%s", code, asked.Load(), out, errs)
			}
		})
	}
}

// TestSignWhatWasRead: an audit that found nothing cosigns what it replayed, but not
// where deliveries could not be read.
func TestSignWhatWasRead(t *testing.T) {
	key := filepath.Join(t.TempDir(), "auditor.key")
	a, err := client.NewAuditorKey(key, "audit.example")
	if err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "cosigned")
	honest := func(g golden) (string, []json.RawMessage) { return g.Receipts, g.Log }
	url, trust, _ := node(t, honest)
	deaf, _, _ := node(t, func(g golden) (string, []json.RawMessage) { return "", nil })
	if code, _, errs := command(t, "audit", deaf, "--trust", trust, "--sign", key, "--out", out); code != proving.ExitUnavailable {
		t.Errorf("without the receipts: exit %d, %s", code, errs)
	}
	if _, err := os.Stat(out); err == nil {
		t.Fatal("what was not read is cosigned")
	}
	if code, _, errs := command(t, "audit", url, "--trust", trust, "--sign", key, "--out", out); code != proving.ExitOK {
		t.Fatalf("exit %d, %s", code, errs)
	}
	msg, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(trust)
	if err != nil {
		t.Fatal(err)
	}
	known, err := evidence.ParseTrust(raw)
	if err != nil {
		t.Fatal(err)
	}
	const log = "node.example/log/ledger/2" // the golden ledger was restored from a copy
	known = known.With(keyOf(t, log))
	known.Auditors = []evidence.Auditor{a.AsAuditor()}
	if c, err := evidence.OpenCheckpoint(string(msg), known); err != nil || len(c.Audits) != 1 || c.Audits[0].Size != c.Size {
		t.Errorf("%+v, %v: %s", c, err, msg)
	}
	if kept, err := client.LoadAuditorKey(key); err != nil || kept.Last(log).Size == 0 {
		t.Errorf("the key has not noted it: %+v, %v", kept, err)
	}
}

// keyOf returns the key of a log that the golden ledger begins.
func keyOf(t *testing.T, log string) string {
	t.Helper()
	for _, raw := range readGolden(t).Entries {
		e, err := evidence.ParseEntry(raw)
		if err != nil {
			t.Fatal(err)
		}
		signed, err := ledger.ParseCall(e.JWS)
		if err != nil {
			t.Fatal(err)
		}
		var args ledger.LogBeginArgs
		if signed.Call.Function == ledger.FnLogBegin && json.Unmarshal(signed.Call.Args, &args) == nil && args.Origin == log {
			return args.Key
		}
	}
	t.Fatalf("no call begins %s", log)
	return ""
}

// TestSignOfAFolderNeedsAFile: what is signed goes somewhere.
func TestSignOfAFolderNeedsAFile(t *testing.T) {
	key := file(t, "auditor.key", "{}")
	trust := vectors + "trust.json"
	for want, args := range map[string][]string{
		"--out":      {"audit", t.TempDir(), "--trust", trust, "--sign", key},
		"add --sign": {"audit", "http://127.0.0.1:1", "--trust", trust, "--out", filepath.Join(t.TempDir(), "x")},
	} {
		if code, _, errs := command(t, append(args, "--lang", "en")...); code != proving.ExitUsage || !strings.Contains(errs, want) {
			t.Errorf("%v: exit %d, %s", args, code, errs)
		}
	}
}
