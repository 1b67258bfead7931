package ledger

import (
	"cmp"
	"fmt"
	"reflect"
	"regexp"
	"strings"
)

// pattern is a named format of a text.
type pattern struct {
	rule    string
	allowed string // for people
	regexp  string // for Field; empty if no expression describes the format
	matches func(s string) bool
}

// Regular expressions of forms, in the syntax that JSON Schema and Go share.
const (
	idRegexp     = `[0-9a-f]{8}-[0-9a-f]{4}-[78][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`
	digestRegexp = `^[0-9a-f]{64}$`
	dateRegexp   = `^(19|[2-9][0-9])[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$`
	regionRegexp = `^(0[1-9]|[1-9][0-9])[0-9]{4}$`
	usccRegexp   = `^[0-9A-HJ-NP-RTUWXY]{18}$`
	codeRegexp   = `^[0-9]{6}-[0-9]-[0-9]{8}-[0-9A-HJKMNP-TV-Z]{8}-[0-9A-Z]$`
	bytesRegexp  = `^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$` // 32 bytes in base64url
	saltRegexp   = `^[0-9a-f]{32}$`
	jwsRegexp    = `^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$`
	plainRegexp  = `^[A-Za-z0-9._:/-]+$`
	wordRegexp   = `^[a-z0-9_]*$`
	// catalogueRegexp is the format of a catalog code (C): class 1, item 2, list 3
	// digits, finer list, a slash, the serial number.
	catalogueRegexp    = `^[0-9]{6,}/[0-9]+$`
	sectorRegexp       = `^[A-T]([0-9]{2,4})?$`
	serialRegexp       = `^GS-[0-9]{6}-[0-9]{8}-[0-9A-HJKMNP-TV-Z]{8}$`
	registryCodeRegexp = `^[0-9A-Za-z.-]{8,64}$`
	// defectRegexp accepts names of members and short names of rules
	// ("items[3].level", "R9(1)"), but no free text, since everyone
	// who gets the bundle can read the call.
	defectRegexp   = `^[0-9A-Za-z_.:/()\[\]§ -]{1,64}$`
	pageRegexp     = `^https?://[^/@ \n\t"<>\\]+(/[^ \n\t"<>\\]*)?$`
	objectRegexp   = `^((\.[A-Za-z0-9_:/-]|[A-Za-z0-9_:-])(\.?[A-Za-z0-9_:/-])*)?\.?$` // of a token
	fileNameRegexp = `^[^/\\:*?"<>|.-]([^/\\:*?"<>|]*[^/\\:*?"<>|.])?$`
)

var (
	catalogueForm    = regexp.MustCompile(catalogueRegexp)
	sectorForm       = regexp.MustCompile(sectorRegexp)
	serialForm       = regexp.MustCompile(serialRegexp)
	registryCodeForm = regexp.MustCompile(registryCodeRegexp)
	saltForm         = regexp.MustCompile(saltRegexp)
	bytesForm        = regexp.MustCompile(bytesRegexp)
	defectForm       = regexp.MustCompile(defectRegexp)
)

const (
	maxIdentifier = 64
	maxFileName   = 200 // bytes: accepted by every file system, with room for a suffix
)

// patterns are the formats that a form tag can name.
var patterns = map[string]pattern{
	"title": {
		rule: "letters_or_digits", allowed: "at least one letter or digit",
		matches: func(s string) bool { return FoldTitle(s) != "" }, // otherwise nothing is left to compare
	},
	"catalogue_code": {
		rule: "catalogue_code", allowed: "at least 6 digits / digits, 64 bytes in all", regexp: catalogueRegexp,
		matches: func(s string) bool { return len(s) <= maxIdentifier && catalogueForm.MatchString(s) },
	},
	"gbt4754": {
		rule: "gbt4754", allowed: "GB/T 4754, A–T with 0 or 2 to 4 digits", regexp: sectorRegexp,
		matches: sectorForm.MatchString,
	},
	"page": {rule: "http_url", allowed: "http:// or https:// and a host", regexp: pageRegexp, matches: isPage},
	"defect": {
		rule: "defect_characters", allowed: "1 to 64 of 0–9 A–Z a–z _ . : / ( ) [ ] § - and blank", regexp: defectRegexp,
		matches: defectForm.MatchString,
	},
	"notice_serial": {rule: "notice_serial", allowed: "GS-REGION-DATE-SERIAL", regexp: serialRegexp, matches: serialForm.MatchString},
	"registry_code": {
		rule: "registry_code", allowed: "8 to 64 of 0–9 A–Z a–z . -", regexp: registryCodeRegexp,
		matches: registryCodeForm.MatchString,
	},
	"not_cad_code": { // an official code is opaque, but shares an index with our codes
		rule: "not_a_cad_code", allowed: "not a code in the form of Cadastre's own codes",
		matches: func(s string) bool { return CadCode(s).Validate("") != nil },
	},
	"object": {
		rule: "no_path", allowed: `no "/" at the beginning, no ".."`, regexp: objectRegexp,
		matches: func(s string) bool { return !strings.HasPrefix(s, "/") && !strings.Contains(s, "..") },
	},
	"salt":       {rule: "hex32", allowed: "16 bytes as 32 digits of 0–9 a–f", regexp: saltRegexp, matches: saltForm.MatchString},
	"coordinate": {rule: "p256_point", allowed: "32 bytes in base64url", regexp: bytesRegexp, matches: bytesForm.MatchString},
	"file_size":  {rule: "max_length", allowed: "at most 200 bytes", matches: func(s string) bool { return len(s) <= maxFileName }},
	"file_name": {
		rule: "file_name", allowed: `no / \ : * ? " < > |, no "." or "-" at the beginning, no "." at the end`, regexp: fileNameRegexp,
		matches: isFileName,
	},
}

func (f *form) patternWord(name string) error {
	p, ok := patterns[name]
	if !ok {
		return fmt.Errorf("no such pattern")
	}
	if f.pattern == "" || f.kind == FieldToken {
		f.pattern = p.allowed
	}
	if p.regexp != "" {
		f.regexp, f.rule = p.regexp, p.rule
	}
	f.rule = cmp.Or(f.rule, p.rule)
	f.checks = append(f.checks, func(v reflect.Value) *Error {
		s := v.String()
		if !p.matches(s) {
			return wrongText("", s, p.rule, p.allowed)
		}
		return nil
	})
	return nil
}

// isPage reports whether s is an address that a browser can open as a page.
func isPage(s string) bool {
	_, rest, found := strings.Cut(s, "://")
	host, _, _ := strings.Cut(rest, "/")
	return found && (strings.HasPrefix(s, "http://") || strings.HasPrefix(s, "https://")) && host != "" &&
		!strings.ContainsAny(s, " \n\t\"<>\\") && !strings.Contains(host, "@")
}

// devices are the names that Windows treats as devices, with any extension.
var devices = map[string]bool{
	"CON": true, "PRN": true, "AUX": true, "NUL": true,
	"COM1": true, "COM2": true, "COM3": true, "COM4": true, "COM5": true, "COM6": true, "COM7": true, "COM8": true, "COM9": true,
	"LPT1": true, "LPT2": true, "LPT3": true, "LPT4": true, "LPT5": true, "LPT6": true, "LPT7": true, "LPT8": true, "LPT9": true,
}

// isFileName reports whether s is a plain file name: no system treats it as a path,
// a device or a hidden file, and it displays safely.
func isFileName(s string) bool {
	if s == "" || s[0] == '.' || s[0] == '-' || s[len(s)-1] == '.' || strings.ContainsAny(s, `/\:*?"<>|`) {
		return false
	}
	stem, _, _ := strings.Cut(s, ".")
	if devices[strings.ToUpper(strings.TrimSpace(stem))] {
		return false
	}
	// Format characters change the direction of text: "gpj.exe" is displayed as
	// "exe.jpg".
	return !strings.ContainsFunc(s, formatCharacters.has)
}
