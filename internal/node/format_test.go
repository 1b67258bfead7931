package node

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/contract"
	"github.com/datacadastre/cadastre/ledger/evidence"
)

// TestFormatPage holds docs/format.md to name the versions that this program writes, and
// every table of every database.
func TestFormatPage(t *testing.T) {
	page, err := os.ReadFile("../../docs/format.md")
	if err != nil {
		t.Fatal(err)
	}
	versions := strconv.Itoa(ledger.EntryVersion) + "; 1; " + strconv.Itoa(evidence.Version)
	for _, says := range []string{
		"`" + strings.TrimSpace(format) + "`",
		"| rules of the contract | " + strconv.Itoa(contract.Rules) + " |",
		"| entry of the ledger log; receipt; bundle | " + versions + " |",
	} {
		if !strings.Contains(string(page), says) {
			t.Errorf("docs/format.md does not say %q", says)
		}
	}
	made := regexp.MustCompile(`CREATE (?:VIRTUAL )?TABLE ([a-z_]+)`)
	tables := 0
	err = filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == ".git" || d.Name() == ".cache"): // in a work tree .git is a file
			return fs.SkipDir
		case filepath.Ext(path) != ".sql":
			return nil
		}
		sql, err := os.ReadFile(path)
		for _, m := range made.FindAllStringSubmatch(string(sql), -1) {
			if tables++; !strings.Contains(string(page), "`"+m[1]+"`") {
				t.Errorf("docs/format.md has no table %s of %s", m[1], path)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if tables < 30 {
		t.Errorf("only %d tables found", tables)
	}
}
