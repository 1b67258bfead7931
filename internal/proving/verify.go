package proving

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/datacadastre/cadastre/internal/durable"
	"github.com/datacadastre/cadastre/internal/words"

	"github.com/datacadastre/cadastre/internal/verdict"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/evidence"
)

// Verify is the command that checks a bundle of evidence.
type Verify struct {
	Bundle  string `arg:"" zh:"证据包文件" en:"Evidence bundle file." type:"existingfile"`
	Trust   string `required:"" zh:"信任文件，须得自节点之外" en:"Trust file, from outside the node." type:"existingfile" placeholder:"FILE"`
	File    string `zh:"证据包所须涉及的文件：其 SHA-256 已登记在案，或已交付" en:"A file that the bundle must cover: its SHA-256 is on record, or it was delivered." type:"existingfile" placeholder:"FILE"`
	Records string `zh:"将各请求所形成的记录写入此新文件夹，每条一个文件" en:"Write the records that result from the calls to this new folder, one file per record." placeholder:"DIR"`
}

// Run checks a bundle with only the trust file, and prints what it proves. If the
// bundle, or the file's place in it, is not proved, the error is ErrUnproven.
func (c *Verify) Run(_ context.Context, s *Session) error {
	bundle, err := os.ReadFile(c.Bundle)
	if err != nil {
		return words.Errorf("证据包：%v", "bundle: %v", err)
	}
	trust, err := readTrust(c.Trust)
	if err != nil {
		return err
	}
	r, err := evidence.Verify(bundle, trust, ledger.Standard(), verdict.Checkers())
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

// failure explains why a bundle proves nothing: the failed check in words, and the
// place. It wraps the cause, for callers that can explain it better.
func failure(err error) error {
	f := evidence.AsFailure(err)
	if f == nil {
		return unproven(err)
	}
	zh, en := words.Check("zh", string(f.Check)), words.Check("en", string(f.Check))
	if f.At != "" {
		zh, en = zh+"（"+f.At+"）", en+" ("+f.At+")"
	}
	if f.Err == nil {
		return unproven(words.Errorf("%[1]s", "%[2]s", zh, en))
	}
	return unproven(words.Errorf("%[1]s：%[3]v", "%[2]s: %[3]v", zh, en, words.Cause(f.Err)))
}

// unproven returns an ErrUnproven with a reason.
func unproven(reason error) error { return words.Errorf("%v：%v", "%v: %v", ErrUnproven, reason) }

func readTrust(file string) (evidence.Trust, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return evidence.Trust{}, words.Errorf("信任文件：%v", "trust: %v", err)
	}
	return evidence.ParseTrust(raw)
}

// proveFile checks that what the bundle proves includes the file.
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
	if verdict.Contains(r, sum) {
		return nil
	}
	return unproven(words.Errorf("证据包中没有此文件（SHA-256 %s）", "the bundle does not contain this file (SHA-256 %s)", sum))
}

// writeRecords writes each record as KIND_ID.json to a folder that it creates.
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
