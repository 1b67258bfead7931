package proving

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/datacadastre/cadastre/internal/durable"
	"github.com/datacadastre/cadastre/internal/verdict"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/evidence"
)

// Verify is the command that checks a bundle of evidence.
type Verify struct {
	Bundle  string `arg:"" help:"Evidence bundle." type:"existingfile"`
	Trust   string `required:"" help:"Trust file, from outside the node." type:"existingfile" placeholder:"FILE"`
	File    string `help:"A file that the bundle must be about: its SHA-256 is on record, or was delivered." type:"existingfile" placeholder:"FILE"`
	Records string `help:"Write the records that the calls lead to into this new folder, one file each." placeholder:"DIR"`
}

// Run checks a bundle with the trust file only, and prints what it proves. A
// bundle, or a file, of which that does not hold is ErrUnproven.
func (c *Verify) Run(_ context.Context, s *Session) error {
	bundle, err := os.ReadFile(c.Bundle)
	if err != nil {
		return fmt.Errorf("bundle: %w", err)
	}
	trust, err := readTrust(c.Trust)
	if err != nil {
		return err
	}
	r, err := evidence.Verify(bundle, trust, ledger.Standard(), verdict.Checkers())
	if err != nil {
		return s.failure(err)
	}
	if c.File != "" {
		if err := c.proveFile(s, r); err != nil {
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

// failure says why a bundle proves nothing: the check in words and where. The cause
// stays in the chain, for whoever has a sentence for it.
func (s *Session) failure(err error) error {
	f := evidence.AsFailure(err)
	if f == nil {
		return fmt.Errorf("%w: %w", ErrUnproven, err)
	}
	text := verdict.Sentence(f.Check, s.Lang)
	if f.At != "" {
		text += s.say("（"+f.At+"）", " ("+f.At+")")
	}
	if f.Err == nil {
		return fmt.Errorf("%w: %s", ErrUnproven, text)
	}
	return fmt.Errorf("%w: %s%s%w", ErrUnproven, text, s.say("：", ": "), f.Err)
}

func readTrust(file string) (evidence.Trust, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return evidence.Trust{}, fmt.Errorf("trust: %w", err)
	}
	return evidence.ParseTrust(raw)
}

// proveFile looks for the file in what the bundle proves.
func (c *Verify) proveFile(s *Session, r evidence.Report) error {
	f, err := os.Open(c.File)
	if err != nil {
		return fmt.Errorf("file: %w", err)
	}
	h := sha256.New()
	_, err = io.Copy(h, f)
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("read file: %w", err)
	}
	sum := ledger.Digest(hex.EncodeToString(h.Sum(nil)))
	if verdict.Holds(r, sum) {
		return nil
	}
	return fmt.Errorf("%w: %s", ErrUnproven, fmt.Sprintf(s.say("证据包中没有此文件（SHA-256 %s）", "the bundle does not hold this file (SHA-256 %s)"), sum))
}

// writeRecords writes each record as KIND_ID.json into a folder that it makes.
func writeRecords(dir string, r evidence.Report) error {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return fmt.Errorf("folder for records: %w", err)
	}
	for ref, raw := range r.Records {
		name := strings.NewReplacer("/", "_", "\\", "_", ":", "_").Replace(string(ref)) + ".json"
		if err := durable.WriteFile(filepath.Join(dir, name), append(raw, '\n')); err != nil {
			return fmt.Errorf("write record: %w", err)
		}
	}
	return nil
}
