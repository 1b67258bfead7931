package proving

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/datacadastre/cadastre/internal/durable"
	"github.com/datacadastre/cadastre/internal/words"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/evidence"
	"github.com/datacadastre/cadastre/ledger/fabric/proof"
)

// Verify is the command that checks a bundle of evidence.
type Verify struct {
	Bundle  string `arg:"" zh:"证据包文件" en:"Evidence bundle file." type:"existingfile"`
	Trust   string `required:"" zh:"信任文件，须得自节点之外" en:"Trust file, from outside the node." type:"existingfile" placeholder:"FILE"`
	File    string `zh:"证据包所须涉及的文件：其 SHA-256 已登记在案，或已交付" en:"A file that the bundle must be about: its SHA-256 is on record, or was delivered." type:"existingfile" placeholder:"FILE"`
	Records string `zh:"将各请求所形成的记录写入此新文件夹，每条一个文件" en:"Write the records that the calls lead to into this new folder, one file each." placeholder:"DIR"`
}

// Run checks a bundle with the trust file only, and prints what it proves. A
// bundle, or a file, of which that does not hold is ErrUnproven.
func (c *Verify) Run(_ context.Context, s *Session) error {
	bundle, err := os.ReadFile(c.Bundle)
	if err != nil {
		return words.Errorf("证据包：%v", "bundle: %v", err)
	}
	trust, err := readTrust(c.Trust)
	if err != nil {
		return err
	}
	r, err := evidence.Verify(bundle, trust, ledger.Standard(), Checkers())
	if err != nil {
		return failure(err)
	}
	if c.File != "" {
		if err := c.proveFile(r); err != nil {
			return err
		}
	}
	if c.Records != "" {
		if err := writeRecords(c.Records, r); err != nil {
			return err
		}
	}
	if s.JSON {
		return s.json(r)
	}
	s.bundle(r)
	return nil
}

// Checkers check the proofs of a bundle's calls, by kind.
func Checkers() map[string]evidence.Checker {
	return map[string]evidence.Checker{evidence.TLogKind: evidence.TLog{}, proof.Kind: proof.Checker{}}
}

func readTrust(file string) (evidence.Trust, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return evidence.Trust{}, words.Errorf("信任文件：%v", "trust: %v", err)
	}
	return evidence.ParseTrust(raw)
}

// proveFile looks for the file in what the bundle proves.
func (c *Verify) proveFile(r evidence.Report) error {
	f, err := os.Open(c.File)
	if err != nil {
		return words.Errorf("文件：%v", "file: %v", err)
	}
	h := sha256.New()
	_, err = io.Copy(h, f)
	if err := errors.Join(err, f.Close()); err != nil {
		return words.Errorf("读取文件：%v", "read file: %v", err)
	}
	sum := ledger.Digest(hex.EncodeToString(h.Sum(nil)))
	recorded := slices.ContainsFunc(r.Files, func(x evidence.File) bool { return x.SHA256 == sum })
	delivered := slices.ContainsFunc(r.Receipts, func(x evidence.Delivery) bool { return x.SHA256 == sum })
	if recorded || delivered {
		return nil
	}
	return unproven(words.Errorf("证据包中没有此文件（SHA-256 %s）", "the bundle does not hold this file (SHA-256 %s)", sum))
}

// writeRecords writes each record as KIND_ID.json into a folder that it makes.
func writeRecords(dir string, r evidence.Report) error {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return words.Errorf("记录文件夹：%v", "folder for records: %v", err)
	}
	for ref, raw := range r.Records {
		name := strings.NewReplacer("/", "_", "\\", "_", ":", "_").Replace(string(ref)) + ".json"
		if err := durable.WriteFile(filepath.Join(dir, name), append(raw, '\n')); err != nil {
			return words.Errorf("写入记录：%v", "write record: %v", err)
		}
	}
	return nil
}
