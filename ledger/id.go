package ledger

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// ID is a UUID in lower-case text form. It is of version 7 if a client generated
// it, or of version 8 if it was derived from what it identifies, so that an import
// can be repeated.
type ID string

// ParseID checks that s is a lower-case UUID of version 7 or 8 (RFC 9562).
func ParseID(s string) (ID, error) {
	id := ID(s)
	if err := id.Validate("id"); err != nil {
		return "", err
	}
	return id, nil
}

// Validate returns an error that names field if the id is not a UUID of version 7
// or 8.
func (id ID) Validate(field string) error {
	if rule := id.broken(); rule != "" {
		return wrongText(field, string(id), rule, idWords)
	}
	return nil
}

const idWords = "UUID, version 7 or 8"

// broken returns the rule that the id breaks, or "".
func (id ID) broken() string {
	if len(id) != 36 {
		return "uuid"
	}
	for i := range len(id) {
		c := id[i]
		switch i {
		case 8, 13, 18, 23:
			if c != '-' {
				return "uuid"
			}
		default:
			if !isHex(c) {
				return "uuid"
			}
		}
	}
	if (id[14] != '7' && id[14] != '8') || !strings.ContainsRune("89ab", rune(id[19])) {
		return "uuid_version"
	}
	return ""
}

// wrongText returns the error of a text that a type does not accept. An empty text
// is missing, whatever form it should have.
func wrongText(field, value, rule, allowed string) *Error {
	if value == "" {
		rule = "required"
	}
	return Invalid(field, rule).quote(value).allow(allowed)
}

// DeriveID returns the UUIDv8 of its parts: the first 128 bits of the SHA-256 over
// the parts, each followed by a zero byte.
func DeriveID(parts ...string) ID {
	h := sha256.New()
	for _, p := range parts {
		h.Write([]byte(p))
		h.Write([]byte{0})
	}
	sum := h.Sum(nil)[:16]
	sum[6] = sum[6]&0x0f | 0x80
	sum[8] = sum[8]&0x3f | 0x80
	s := hex.EncodeToString(sum)
	return ID(s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:])
}

func isHex(c byte) bool { return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' }

// Digest is a SHA-256 in lower-case hexadecimal.
type Digest string

// DigestOf returns the SHA-256 of data.
func DigestOf(data []byte) Digest {
	sum := sha256.Sum256(data)
	return Digest(hex.EncodeToString(sum[:]))
}

// Validate returns an error that names field if the digest is not 64 lower-case hex
// digits.
func (d Digest) Validate(field string) error {
	if len(d) != 64 {
		return wrongText(field, string(d), "sha256", digestWords)
	}
	for i := range len(d) {
		if !isHex(d[i]) {
			return wrongText(field, string(d), "sha256", digestWords)
		}
	}
	return nil
}

const digestWords = "SHA-256, 64 digits of 0–9 a–f"

// Salted represents on the ledger a text that is not stored there: the SHA-256 of
// the salt's bytes followed by the text's. The salt prevents guessing of short
// texts.
type Salted struct {
	Salt   string `json:"salt" form:"pattern=salt" zh:"盐值" en:"Salt"` // 32 lower-case hex digits
	SHA256 Digest `json:"sha256" zh:"盐值字节与文本连接后的 SHA-256" en:"SHA-256 of salt and text"`
}

// Salt returns the salted hash of a text with 16 random bytes of salt.
func Salt(salt [16]byte, text string) Salted {
	return Salted{Salt: hex.EncodeToString(salt[:]), SHA256: DigestOf(append(salt[:], text...))}
}

// Validate checks both members.
func (s Salted) Validate(field string) error {
	if s == (Salted{}) {
		return Invalid(field, "required")
	}
	if len(s.Salt) != 32 {
		return wrongSalt(field, s.Salt)
	}
	for i := range len(s.Salt) {
		if !isHex(s.Salt[i]) {
			return wrongSalt(field, s.Salt)
		}
	}
	if e := fault(s.SHA256.Validate(field + ".sha256")); e != nil {
		return Invalid(e.Field, e.Rule).allow(digestWords) // the error does not repeat a proof
	}
	return nil
}

func wrongSalt(field, salt string) *Error {
	rule := "hex32"
	if salt == "" {
		rule = "required"
	}
	return Invalid(field+".salt", rule).allow("32 digits of 0–9 a–f")
}

// Region is a code of GB/T 2260: six digits, province, city, county.
type Region string

// Validate returns an error that names field if the code is not six digits.
func (r Region) Validate(field string) error {
	if len(r) != 6 || !digits(string(r)) || r[:2] == "00" {
		return wrongText(field, string(r), "gbt2260", regionWords)
	}
	return nil
}

const regionWords = "GB/T 2260, six digits"

// Covers reports whether area is in r. A province covers its cities, a city its
// counties, and every region itself.
func (r Region) Covers(area Region) bool { return strings.HasPrefix(string(area), r.Prefix()) }

// Prefix returns the digits with which the codes of all regions in r begin: two for
// a province, four for a city, six for a county.
func (r Region) Prefix() string {
	p := string(r)
	for len(p) > 2 && strings.HasSuffix(p, "00") {
		p = p[:len(p)-2]
	}
	return p
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// USCC is a unified social credit code (统一社会信用代码) of GB 32100-2015.
type USCC string

const usccAlphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"

// USCCCheck returns the check character for the first 17 characters of a code (GB
// 32100-2015, 4.4), or 0 if one of them is not in its alphabet.
func USCCCheck(body string) byte {
	sum, weight := 0, 1
	for i := range len(body) {
		v := strings.IndexByte(usccAlphabet, body[i])
		if v < 0 {
			return 0
		}
		sum += v * weight
		weight = weight * 3 % 31
	}
	return usccAlphabet[(31-sum%31)%31]
}

// Validate returns an error that names field if the length, the alphabet or the
// check character is wrong.
func (u USCC) Validate(field string) error {
	if len(u) != 18 {
		return wrongText(field, string(u), "uscc", usccWords)
	}
	if c := USCCCheck(string(u[:17])); c == 0 || c != u[17] {
		return wrongText(field, string(u), "uscc_check", usccWords)
	}
	return nil
}

const usccWords = "GB 32100-2015, 18 characters"

// Fen is an amount of money in fen (1/100 yuan).
type Fen int64

// Millis is a moment: Unix time in whole milliseconds.
type Millis int64

// Date is a day in Asia/Shanghai, as 2006-01-02. The order of the texts is the
// order of the days.
type Date string

// Validate returns an error that names field if the day does not exist.
func (d Date) Validate(field string) error {
	if len(d) != 10 || d[4] != '-' || d[7] != '-' || !digits(string(d[:4])+string(d[5:7])+string(d[8:])) {
		return wrongText(field, string(d), "date", dateWords)
	}
	year, month, day := number(d[:4]), number(d[5:7]), number(d[8:])
	if year < 1900 || month < 1 || month > 12 || day < 1 || day > monthDays(year, month) {
		return wrongText(field, string(d), "date", dateWords)
	}
	return nil
}

const dateWords = "a day, YYYY-MM-DD"

func number(s Date) int {
	n := 0
	for i := range len(s) {
		n = n*10 + int(s[i]-'0')
	}
	return n
}

func monthDays(year, month int) int {
	switch month {
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}
