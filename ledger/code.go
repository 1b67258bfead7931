package ledger

import (
	"crypto/sha256"
	"strings"
)

// CadCode is the code that Cadastre gives an entry at coding (domain rule 2.8,
// ours, since the national code rule is not published): region, type, coding date,
// 40 bits of the application's id, ISO 7064 MOD 37,36 check.
type CadCode string

const (
	crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
	mod3736   = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
)

// MakeCadCode returns the code of an application coded on day on; kind is 1 for a
// resource and 2 for a product.
func MakeCadCode(region Region, kind byte, on Date, application ID) CadCode {
	body := string(region) + "-" + string(kind) + "-" + digitsOf(on) + "-" + serialOf(application)
	return CadCode(body + "-" + string(check3736(strings.ReplaceAll(body, "-", ""))))
}

func digitsOf(d Date) string { return strings.ReplaceAll(string(d), "-", "") }

// serialOf returns the first 40 bits of the hash of an application's id, in the
// base 32 of Crockford.
func serialOf(application ID) string {
	sum := sha256.Sum256([]byte(application))
	var bits uint64
	for _, b := range sum[:5] {
		bits = bits<<8 | uint64(b)
	}
	var serial [8]byte
	for i := range serial {
		serial[i] = crockford[bits>>(35-5*i)&31]
	}
	return string(serial[:])
}

// MakeSerial returns the number of the public notice of an application: GS, region,
// first day, and the characters that the application's id has in CadCode too. So no
// counter is needed.
func MakeSerial(region Region, first Date, application ID) string {
	return "GS-" + string(region) + "-" + digitsOf(first) + "-" + serialOf(application)
}

// check3736 returns the check character of ISO 7064 MOD 37,36.
func check3736(s string) byte {
	p := 36
	for i := range len(s) {
		p += strings.IndexByte(mod3736, s[i])
		if p %= 36; p == 0 {
			p = 36
		}
		p = p * 2 % 37
	}
	return mod3736[(37-p)%36]
}

const cadCodeWords = "REGION-TYPE-DATE-SERIAL-CHECK"

// Validate returns an error that names field if the form or the check character is
// wrong.
func (c CadCode) Validate(field string) error {
	s := string(c)
	if len(s) != 28 || s[6] != '-' || s[8] != '-' || s[17] != '-' || s[26] != '-' {
		return wrongText(field, string(c), "cad_code", cadCodeWords)
	}
	body := strings.ReplaceAll(s[:26], "-", "")
	if len(body) != 23 || !digits(body[:15]) {
		return wrongText(field, string(c), "cad_code", cadCodeWords)
	}
	for i := 15; i < len(body); i++ {
		if strings.IndexByte(crockford, body[i]) < 0 {
			return wrongText(field, string(c), "cad_code", cadCodeWords)
		}
	}
	if check3736(body) != s[27] {
		return wrongText(field, string(c), "cad_code_check", cadCodeWords)
	}
	return nil
}
