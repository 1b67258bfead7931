package ledger_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/datacadastre/cadastre/ledger"
)

func TestParseID(t *testing.T) {
	for _, c := range []struct{ name, in, rule string }{
		{"version 7", "01994b6e-7c00-7a3f-9d21-5f1c2b3a4d5e", ""},
		{"version 8", "01994b6e-7c00-8a3f-bd21-5f1c2b3a4d5e", ""},
		{"version 4", "01994b6e-7c00-4a3f-9d21-5f1c2b3a4d5e", "uuid_version"},
		{"another variant", "01994b6e-7c00-7a3f-cd21-5f1c2b3a4d5e", "uuid_version"},
		{"zero", "00000000-0000-0000-0000-000000000000", "uuid_version"},
		{"capitals", "01994B6E-7c00-7a3f-9d21-5f1c2b3a4d5e", "uuid"},
		{"no hyphens", "01994b6e7c007a3f9d215f1c2b3a4d5e", "uuid"},
		{"hyphens elsewhere", "01994b6-e7c00-7a3f-9d21-5f1c2b3a4d5e", "uuid"},
		{"in braces", "{01994b6e-7c00-7a3f-9d21-5f1c2b3a4d5e}", "uuid"},
		{"as URN", "urn:uuid:01994b6e-7c00-7a3f-9d21-5f1c2b3a4d5e", "uuid"},
		{"a slash", "01994b6e-7c00-7a3f-9d21-5f1c2b3a4d5/", "uuid"},
		{"short", "01994b6e-7c00-7a3f-9d21-5f1c2b3a4d5", "uuid"},
		{"long", "01994b6e-7c00-7a3f-9d21-5f1c2b3a4d5e0", "uuid"},
		{"nothing", "", "required"},
	} {
		id, err := ledger.ParseID(c.in)
		if got := rule(ledger.AsError(err)); got != c.rule {
			t.Errorf("%s: got rule %q, want %q", c.name, got, c.rule)
		}
		if err == nil && string(id) != c.in {
			t.Errorf("%s: came back as %s", c.name, id)
		}
	}
}

// TestDeriveID: derived ids are good ids, the same for the same parts, and parts
// can't run into each other.
func TestDeriveID(t *testing.T) {
	if got, want := ledger.DeriveID("a", "bc"), ledger.DeriveID("ab", "c"); got == want {
		t.Error("a+bc and ab+c are one id")
	}
	if got, want := ledger.DeriveID("a"), ledger.DeriveID("a", ""); got == want {
		t.Error("an empty part does not change the id")
	}
	rapid.Check(t, func(t *rapid.T) {
		parts := rapid.SliceOf(rapid.String()).Draw(t, "parts")
		id := ledger.DeriveID(parts...)
		if err := id.Validate("id"); err != nil || id[14] != '8' {
			t.Fatalf("%s: %v", id, err)
		}
		if id != ledger.DeriveID(parts...) {
			t.Fatal("twice the same parts, two ids")
		}
	})
}

func TestDigest(t *testing.T) {
	const empty ledger.Digest = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" // FIPS 180-4, of nothing
	if got := ledger.DigestOf(nil); got != empty {
		t.Errorf("got %s", got)
	}
	for _, d := range []ledger.Digest{"", empty[:63], empty + "0", ledger.Digest(strings.ToUpper(string(empty))), "x" + empty[1:]} {
		if err := d.Validate("d"); err == nil {
			t.Errorf("%q is taken", d)
		}
	}
}

func TestSalted(t *testing.T) {
	s := ledger.Salt([16]byte{0xab}, "李某")
	want := ledger.Salted{Salt: "ab" + strings.Repeat("0", 30), SHA256: ledger.DigestOf(append(append([]byte{0xab}, make([]byte, 15)...), "李某"...))}
	if s != want {
		t.Errorf("got %+v, want %+v", s, want)
	}
	if err := s.Validate("name"); err != nil {
		t.Error(err)
	}
	if s == ledger.Salt([16]byte{0xac}, "李某") {
		t.Error("another salt, the same hash")
	}
	for field, bad := range map[string]ledger.Salted{
		"name.salt":   {Salt: s.Salt[:30], SHA256: s.SHA256},
		"name.sha256": {Salt: s.Salt},
	} {
		if e := ledger.AsError(bad.Validate("name")); e == nil || e.Field != field {
			t.Errorf("%s: got %v", field, e)
		}
	}
}

func TestRegion(t *testing.T) {
	for _, c := range []struct {
		area, in ledger.Region
		covers   bool
	}{
		{"430300", "430300", true},
		{"430300", "430302", true},
		{"430000", "430302", true},
		{"430000", "430300", true},
		{"430300", "430000", false},
		{"430302", "430300", false},
		{"430300", "430100", false},
		{"430302", "430304", false},
		{"430000", "440000", false},
		{"430310", "430311", false},
	} {
		if got := c.area.Covers(c.in); got != c.covers {
			t.Errorf("%s covers %s: got %v", c.area, c.in, got)
		}
	}
	for _, r := range []ledger.Region{"", "43030", "4303000", "43030a", "000000", "004300"} {
		if err := r.Validate("r"); err == nil {
			t.Errorf("%q is taken", r)
		}
	}
}

// TestUSCC: codes of bodies that print theirs in public (GB 32100-2015), and
// every change of one character of them.
func TestUSCC(t *testing.T) {
	for _, good := range []ledger.USCC{"91440300708461136T", "9144030071526726XG", "91330100799655058B", "914403001922038216"} {
		if err := good.Validate("uscc"); err != nil {
			t.Errorf("%s: %v", good, err)
			continue
		}
		for i := range len(good) {
			for _, c := range "0123456789ABCDEFGHJKLMNPQRTUWXY" {
				changed := good[:i] + ledger.USCC(c) + good[i+1:]
				if changed != good && changed.Validate("uscc") == nil {
					t.Errorf("%s is taken as well as %s", changed, good)
				}
			}
		}
	}
	for _, bad := range []ledger.USCC{"", "9144030070846113", "91440300708461136TT", "91440300708461136t", "9144030070846I136T", "91440300708461136S"} {
		if err := bad.Validate("uscc"); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

func TestDate(t *testing.T) {
	for d, ok := range map[ledger.Date]bool{
		"2026-10-15": true, "2024-02-29": true, "2000-02-29": true, "2026-12-31": true, "2026-02-29": false, "1900-02-29": false,
		"2026-13-01": false, "2026-00-10": false, "2026-04-31": false, "2026-04-00": false, "2026-4-1": false, "26-04-01": false,
		"2026/04/01": false, "2026-04-01T00:00:00": false, "": false, "1899-12-31": false, "２０２６-04-01": false,
	} {
		if err := d.Validate("d"); (err == nil) != ok {
			t.Errorf("%q: %v", d, err)
		}
	}
}

// TestCadCode is a vector, and every single change of it.
func TestCadCode(t *testing.T) {
	const want ledger.CadCode = "430300-1-20261015-5QZX48TR-S"
	got := ledger.MakeCadCode("430300", '1', "2026-10-15", "01994b6e-7c00-7a3f-9d21-5f1c2b3a4d5e")
	if got != want {
		t.Fatalf("got %s, want %s", got, want)
	}
	if err := got.Validate("cad_code"); err != nil {
		t.Error(err)
	}
	for i := range len(want) {
		for _, c := range "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-s" {
			changed := want[:i] + ledger.CadCode(c) + want[i+1:]
			if changed != want && changed.Validate("cad_code") == nil {
				t.Errorf("%s is taken", changed)
			}
		}
	}
	if err := ledger.CadCode("430300-1-20261015-5QZX48RT-S").Validate("cad_code"); err == nil {
		t.Error("two characters changed places: taken")
	}
}
