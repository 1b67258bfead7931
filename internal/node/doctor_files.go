package node

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/datacadastre/cadastre/internal/seal"
	"github.com/datacadastre/cadastre/internal/words"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/evidence"
)

// format examines the version of the layout; false if nothing else can be read.
func (x *examination) format() bool {
	layout, err := os.ReadFile(x.path("format"))
	switch {
	case err != nil:
		x.find("format", "", err, restoreFile, nil)
	case !bytes.Equal(layout, []byte(format)):
		x.find("format", "", words.Errorf("布局为 %q，本程序所知为 %q", "its layout is %q, but this program reads %q",
			bytes.TrimSpace(layout), strings.TrimSpace(format)), useProgram, nil)
	default:
		return true
	}
	return false
}

// nodeFile examines node.json; false if it can't be read.
func (x *examination) nodeFile() bool {
	var err error
	if x.settings, err = x.folder.settings(); err != nil {
		x.find("node.json", "", err, restoreFile, nil)
	}
	return err == nil
}

// keyFiles examines every file in keys/; false if one of them is missing or damaged.
func (x *examination) keyFiles() bool {
	if err := x.midRotation(); err != nil {
		x.find("keys/master.next", "", err, endRotation, nil)
		return false
	}
	exposed, err := x.exposedKeys()
	if err != nil {
		x.find("keys", "", err, restoreFile, nil)
		return false
	}
	for _, k := range exposed {
		x.find(k.name, "", k.err, ownerOnly, func(context.Context) error { return os.Chmod(x.path(k.name), 0o600) })
	}
	if x.keys.master, err = seal.Load(x.path("keys", "master")); err != nil {
		if !slices.ContainsFunc(exposed, func(k exposedKey) bool { return k.name == "keys/master" }) {
			x.find("keys/master", "", err, restoreFile, nil)
		}
		return false
	}
	sound := true
	for _, name := range sealedFiles(x.settings.Backend) {
		if err := x.unsealKey(&x.keys, name); err != nil {
			x.find("keys/"+name, "", err, restoreFile, nil)
			sound = false
		}
	}
	return sound
}

// trustFile compares trust.json with the ledger.
func (x *examination) trustFile(context.Context) error {
	if x.settings.Backend.Shared() {
		if _, err := x.folder.trust(x.settings, x.keys); err != nil {
			x.find("trust.json", "", err, trustBack, nil)
		}
		return nil
	}
	if !x.ledgerSound {
		x.skip("trust.json：账本已损坏", "trust.json: the ledger is damaged")
		return nil
	}
	b, err := os.ReadFile(x.path("trust.json"))
	if err == nil {
		var t evidence.Trust
		if t, err = evidence.ParseTrust(b); err == nil {
			t.Auditors = x.trust.Auditors // whom a verifier relies on is his own matter
			if !reflect.DeepEqual(t, x.trust) {
				err = words.Errorf("与账本不符", "it does not match the ledger")
			}
		}
	}
	if err != nil {
		x.find("trust.json", differing(b, x.trust), err, trustAgain, func(context.Context) error { return x.saveTrust(x.trust) })
	}
	return nil
}

// differing names the member of a trust file that differs from the right one.
func differing(file []byte, right evidence.Trust) string {
	t, err := evidence.ParseTrust(file)
	switch {
	case err != nil:
		return ""
	case t.Genesis != right.Genesis:
		return "genesis_sha256"
	case t.Ledger != right.Ledger:
		return "ledger"
	default:
		return "logs"
	}
}

// view returns a path under which a database can be opened without any change in the
// folder. SQLite would change what it finds beside a file with a write-ahead log: such a
// file, left by a node that was killed, gets a second name in a temporary folder, and its
// log is copied there. still is true if there is no log.
func (x *examination) view(name string) (path string, still bool, err error) {
	path = x.path(name)
	log, err := os.Stat(path + "-wal")
	if errors.Is(err, fs.ErrNotExist) || err == nil && log.Size() == 0 {
		return path, true, nil
	}
	if err != nil {
		return "", false, err
	}
	if err := x.makeTmp(); err != nil {
		return "", false, err
	}
	other := x.tmp + "/" + name
	if err := os.Link(path, other); err != nil { // not every file system has second names
		if err := copyFile(path, other); err != nil {
			return "", false, err
		}
	}
	return other, false, copyFile(path+"-wal", other+"-wal")
}

// makeTmp makes the temporary folder in the node's folder, where there is room for it.
func (x *examination) makeTmp() error {
	if x.tmp != "" {
		return nil
	}
	var err error
	if x.tmp, err = os.MkdirTemp(string(x.folder), "doctor.*.tmp"); err != nil {
		return fmt.Errorf("make a temporary folder: %w", err)
	}
	return nil
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return fmt.Errorf("copy: %w", err)
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("copy: %w", err)
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

// trustOf returns what the ledger gives a verifier: its first call, and where its log
// ended if it goes on under another name since a restore.
func (x *examination) trustOf(ctx context.Context, genesis ledger.Genesis, first ledger.Committed) (evidence.Trust, error) {
	t := evidence.Trust{Ledger: genesis.Ledger, Genesis: ledger.DigestOf([]byte(first.JWS)), Logs: []string{genesis.LedgerKey}}
	begun, err := begunLogs(ctx, x.ledger, x.keys.ledgerOrigin())
	for _, b := range slices.Backward(begun) {
		t.Ended = append(t.Ended, evidence.Ended{Log: b.Old, Size: b.Size})
	}
	return t, err
}
