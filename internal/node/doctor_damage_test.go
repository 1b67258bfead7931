package node_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/datacadastre/cadastre/internal/sqldb"
	"github.com/datacadastre/cadastre/ledger"
)

const (
	ledgerDB   = "ledger.db"
	receiptsDB = "receipts.db"
	readDB     = "read.db"
	nodeDB     = "node.db"
)

// planted is one damage, where doctor finds it, a word of its advice, and whether it can be
// repaired without a backup.
type planted struct {
	name   string
	plant  func(t *testing.T, dir string)
	at     string // file [key]
	advice string
	repair bool
}

func sqlIn(file, query string) func(*testing.T, string) {
	return func(t *testing.T, dir string) { plant(t, filepath.Join(dir, file), query) }
}

// edit changes a file; nil removes it.
func edit(file string, change func([]byte) []byte) func(*testing.T, string) {
	return func(t *testing.T, dir string) {
		path := filepath.Join(dir, filepath.FromSlash(file))
		b := read(t, path)
		var err error
		if change == nil {
			err = os.Remove(path)
		} else {
			err = os.WriteFile(path, change(b), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// emptyIndex loses all rows of an index, as if its page had never been written.
func emptyIndex(file, index string) func(*testing.T, string) {
	return func(t *testing.T, dir string) {
		path := filepath.Join(dir, file)
		db, err := sqldb.Open(t.Context(), path, sqldb.SyncFull)
		if err != nil {
			t.Fatal(err)
		}
		var page, size int
		err = db.R.QueryRowContext(t.Context(), "SELECT rootpage, page_size FROM sqlite_schema, pragma_page_size WHERE name = ?", index).Scan(&page, &size)
		if err := errors.Join(err, db.Close()); err != nil {
			t.Fatalf("%s: %v", index, err)
		}
		b := read(t, path)
		empty := append([]byte{0x0a, 0, 0, 0, 0, byte(size >> 8), byte(size), 0}, make([]byte, size-8)...) // the leaf of an index, with no cell
		copy(b[(page-1)*size:], empty)
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func add(file string) func(*testing.T, string) {
	return func(t *testing.T, dir string) {
		if err := os.WriteFile(filepath.Join(dir, filepath.FromSlash(file)), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func flip(at int) func([]byte) []byte {
	return func(b []byte) []byte {
		if at < 0 {
			at += len(b)
		}
		b[at] ^= 1
		return b
	}
}

// damages are all kinds of damage of the folder, in which object is the raw content's id.
func damages(w *world, object, rollBack string) []planted {
	const whole, file, again, objectAdvice = "whole folder", "restore this file", "again from the ledger", "both files"
	party := ledger.RecordKey(ref(ledger.KindParty, "buyer"))
	content := "objects/" + object[:2] + "/" + object[2:4] + "/" + object
	key := func(dir string) string {
		found, err := filepath.Glob(filepath.Join(dir, filepath.FromSlash(content)+".key.*"))
		w.ok(err)
		return "objects" + strings.TrimPrefix(found[0], filepath.Join(dir, "objects"))
	}
	zero := bytes.Repeat([]byte("0"), 64)
	open := func(file string) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			if err := os.Chmod(filepath.Join(dir, filepath.FromSlash(file)), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	return []planted{
		{"key open to others", open("keys/receipt-log"), "keys/receipt-log", "0600", true},
		{"master key open to others", open("keys/master"), "keys/master", "0600", true},
		{"entry changed", sqlIn(ledgerDB, "UPDATE entry SET data = (SELECT data FROM entry WHERE seq = 4) WHERE seq = 5"), "ledger.db [entry 5]", whole, false},
		{"entry unreadable", sqlIn(ledgerDB, "UPDATE entry SET data = x'00' WHERE seq = 5"), "ledger.db [entry 5]", whole, false},
		{"entry missing", sqlIn(ledgerDB, "DELETE FROM entry WHERE seq = 5"), "ledger.db [entry 5]", whole, false},
		{"last entry missing", sqlIn(ledgerDB, "DELETE FROM entry WHERE seq = (SELECT max(seq) FROM entry)"), "ledger.db", whole, false},
		{"tile changed", sqlIn(ledgerDB, "UPDATE tile SET data = zeroblob(length(data)) WHERE level = 0"), "ledger.db [entry 0]", whole, false},
		{"tile missing", sqlIn(ledgerDB, "DELETE FROM tile"), "ledger.db", whole, false},
		{"checkpoint missing", sqlIn(ledgerDB, "DELETE FROM signed"), "ledger.db [checkpoint]", whole, false},
		{"checkpoint changed", sqlIn(ledgerDB, "UPDATE signed SET note = CAST(substr(CAST(note AS TEXT), 1, length(note) - 9) || 'AAAAAAA=' || char(10) AS BLOB)"), "ledger.db [checkpoint]", whole, false},
		{"record changed", sqlIn(ledgerDB, "UPDATE record SET value = replace(value, '\"buyer\"', '\"regulator\"') WHERE key = '"+party+"'"), "ledger.db [" + party + "]", whole, false},
		{"record deleted", sqlIn(ledgerDB, "DELETE FROM record WHERE key = '"+party+"'"), "ledger.db [" + party + "]", whole, false},
		{"record added", sqlIn(ledgerDB, "INSERT INTO record (key, value, seq) VALUES ('party/planted', '{}', 3)"), "ledger.db [party/planted]", whole, false},
		{"record rolled back", sqlIn(ledgerDB, rollBack), "ledger.db [" + ledger.RecordKey(ref(ledger.KindParty, "rival")) + "]", whole, false},
		{"sum changed", sqlIn(ledgerDB, "UPDATE state_sum SET sum = zeroblob(2048)"), "ledger.db", whole, false},
		{"not a database", edit(ledgerDB, flip(0)), "ledger.db", whole, false},
		{"page damaged", edit(ledgerDB, func(b []byte) []byte { copy(b[4096:], make([]byte, 2048)); return b }), "ledger.db", whole, false},
		{"ledger missing", edit(ledgerDB, nil), "ledger.db", whole, false},
		{"receipt changed", sqlIn(receiptsDB, "UPDATE entry SET data = CAST(replace(data, '\"v\":1', '\"v\":2') AS BLOB) WHERE seq = 1"), "receipts.db [entry 1]", whole, false},
		{"receipt missing", sqlIn(receiptsDB, "DELETE FROM entry WHERE seq = 1"), "receipts.db [entry 1]", whole, false},
		{"receipts cut", cutReceipts, "receipts.db", whole, false},
		{"receipt index changed", sqlIn(receiptsDB, "UPDATE receipt SET leaf = zeroblob(32) WHERE seq = 1"), "receipts.db [receipt 1]", whole, false},
		{"index of receipts.db empty", emptyIndex(receiptsDB, "receipt_license"), "receipts.db", whole, false},
		{"index of node.db empty", emptyIndex(nodeDB, "token_expires"), "node.db", whole, false},
		{"receipt index short", sqlIn(receiptsDB, "DELETE FROM receipt WHERE seq = (SELECT max(seq) FROM receipt)"), "receipts.db", whole, false},
		{"use of an order changed", sqlIn(receiptsDB, "UPDATE used SET bytes = bytes - 1 WHERE scope = '"+string(ref(ledger.KindOrder, "order"))+"'"), "receipts.db [" + string(ref(ledger.KindOrder, "order")) + "]", whole, false},
		{"use of an object missing", sqlIn(receiptsDB, "DELETE FROM used WHERE scope = '"+string(ref(ledger.KindOrder, "order"))+"'"), "receipts.db [" + string(ref(ledger.KindOrder, "order")) + "]", whole, false},
		{"object changed", edit(content, flip(20)), content + " [" + object + "]", objectAdvice, false},
		{"object cut short", edit(content, func(b []byte) []byte { return b[:len(b)-1] }), content + " [" + object + "]", objectAdvice, false},
		{"object missing", edit(content, nil), content + " [" + object + "]", objectAdvice, false},
		{"object's key changed", func(t *testing.T, dir string) { edit(key(dir), flip(-1))(t, dir) }, key(w.dir) + " [" + object + "]", objectAdvice, false},
		{"object's key missing", func(t *testing.T, dir string) { edit(key(dir), nil)(t, dir) }, key(w.dir) + " [" + object + "]", objectAdvice, false},
		{"party renamed in read.db", sqlIn(readDB, "UPDATE registry_party SET name = 'planted' WHERE n = 2"), "read.db [registry_party 2]", again, true},
		{"row missing in read.db", sqlIn(readDB, "DELETE FROM links WHERE n = 1"), "read.db [links 1]", again, true},
		{"words missing in read.db", sqlIn(readDB, "DELETE FROM registry_found WHERE rowid = 1"), "read.db", again, true},
		{"table missing in read.db", sqlIn(readDB, "DROP TABLE links"), "read.db", again, true},
		{"position changed", sqlIn(readDB, "UPDATE position SET head = '"+string(zero)+"'"), "read.db", again, true},
		{"read.db not a database", edit(readDB, flip(0)), "read.db", again, true},
		{"ledger older than read.db", sqlIn(readDB, "UPDATE position SET block = 999"), "ledger.db", whole, false},
		{"hash of the genesis", edit("node.json", func(b []byte) []byte { return bytes.Replace(b, []byte(w.trust.Genesis), zero, 1) }), "node.json [genesis_sha256]", file, false},
		{"another ledger in node.json", edit("node.json", func(b []byte) []byte { return bytes.Replace(b, []byte(w.trust.Ledger), []byte(id("planted")), 1) }), "node.json [ledger]", file, false},
		{"another origin in node.json", edit("node.json", func(b []byte) []byte { return bytes.Replace(b, []byte(nodeOrigin), []byte("planted.example.org"), 1) }), "node.json [origin]", file, false},
		{"another party in node.json", edit("node.json", func(b []byte) []byte {
			return regexp.MustCompile(`"platform": "[^"]+"`).ReplaceAll(b, []byte(`"platform": "`+string(id("planted"))+`"`))
		}), "node.json [platform]", file, false},
		{"node.json cut short", edit("node.json", func(b []byte) []byte { return b[:len(b)/2] }), "node.json", file, false},
		{"node.json missing", edit("node.json", nil), "node.json", file, false},
		{"trust.json changed", edit("trust.json", func(b []byte) []byte { return bytes.Replace(b, []byte(w.trust.Genesis), zero, 1) }), "trust.json [genesis_sha256]", "--repair", true},
		{"trust.json missing", edit("trust.json", nil), "trust.json", "--repair", true},
		{"master key", edit("keys/master", flip(-5)), "keys/master", file, false},
		{"platform key", edit("keys/platform", flip(-1)), "keys/platform", file, false},
		{"ledger-log key", edit("keys/ledger-log", flip(-1)), "keys/ledger-log", file, false},
		{"receipt-log key missing", edit("keys/receipt-log", nil), "keys/receipt-log", file, false},
		{"rotation interrupted", add("keys/master.next"), "keys/master.next", "rotate-master-key", false},
		{"receipts missing", edit(receiptsDB, nil), "receipts.db", whole, false},
		{"node.db missing", edit(nodeDB, nil), "node.db", whole, false},
		{"node.db not a database", edit(nodeDB, flip(0)), "node.db", whole, false},
		{"stored key damaged", sqlIn(nodeDB, "INSERT INTO sealed_key (party, kid, use, sealed, created_at) VALUES ('p', 'k', 'sign', x'00', 1)"), "node.db [p k]", "party prove-key", false},
		{"older layout", edit("format", func([]byte) []byte { return []byte("cadastre-node 4\n") }), "format", "program", false},
		{"format missing", edit("format", nil), "format", file, false},
		{"temporary file", add("node.json.123.tmp"), "node.json.123.tmp", "--repair", true},
		{"temporary key", add("keys/platform.123.tmp"), "keys/platform.123.tmp", "--repair", true},
		{"rebuild interrupted", add("read.db.next"), "read.db.next", "--repair", true},
	}
}

// suspended suspends a party, and returns the query that puts its record back to what the
// earlier entry wrote.
func (w *world) suspended(name string) (rollBack string) {
	w.t.Helper()
	db, err := sqldb.OpenSnapshot(w.t.Context(), filepath.Join(w.dir, ledgerDB))
	w.ok(err)
	key := ledger.RecordKey(ref(ledger.KindParty, name))
	var value string
	var seq int64
	w.ok(db.QueryRowContext(w.t.Context(), "SELECT hex(value), seq FROM record WHERE key = ?", key).Scan(&value, &seq))
	w.ok(db.Close())
	w.act("authority", ref(ledger.KindParty, name), ledger.FnPartySuspend)
	return fmt.Sprintf("UPDATE record SET value = x'%s', seq = %d WHERE key = '%s'", value, seq, key)
}

// cutReceipts removes the last receipt and everything that tells of it.
func cutReceipts(t *testing.T, dir string) {
	for _, query := range []string{
		"DELETE FROM receipt", "DELETE FROM entry", "DELETE FROM tile", "DELETE FROM signed", "DELETE FROM cosigned",
	} {
		plant(t, filepath.Join(dir, receiptsDB), query)
	}
}
