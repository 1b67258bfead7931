package ledger

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// Kinds of a field, as in Field.Kind.
const (
	FieldText    = "text"
	FieldToken   = "token"
	FieldWord    = "word"
	FieldEnum    = "enum"
	FieldInteger = "integer"
	FieldFen     = "fen"
	FieldBoolean = "boolean"
	FieldDate    = "date"
	FieldMoment  = "moment"
	FieldID      = "id"
	FieldDigest  = "digest"
	FieldRegion  = "region"
	FieldUSCC    = "uscc"
	FieldCode    = "cad_code"
	FieldKeyID   = "key_id"
	FieldJWK     = "jwk"
	FieldJWS     = "jws"
	FieldSalted  = "salted"
	FieldRef     = "ref"
	FieldList    = "list"
	FieldObject  = "object"
	FieldJSON    = "json"
)

const (
	momentWords = "Unix time in milliseconds"
	jwsWords    = "compact JWS, ES256"
)

// ownForm sets the form of a type that checks itself. Values that are secrets, keys
// or proofs are quiet.
func (f *form) ownForm(t reflect.Type) bool {
	switch t {
	case reflect.TypeFor[ID]():
		f.own(FieldID, idWords, "^"+idRegexp+"$", func(v reflect.Value) error { return ID(v.String()).Validate("") })
	case reflect.TypeFor[Digest]():
		f.own(FieldDigest, digestWords, digestRegexp, func(v reflect.Value) error { return Digest(v.String()).Validate("") })
	case reflect.TypeFor[Date]():
		f.own(FieldDate, dateWords, dateRegexp, func(v reflect.Value) error { return Date(v.String()).Validate("") })
	case reflect.TypeFor[Region]():
		f.own(FieldRegion, regionWords, regionRegexp, func(v reflect.Value) error { return Region(v.String()).Validate("") })
	case reflect.TypeFor[USCC]():
		f.own(FieldUSCC, usccWords, usccRegexp, func(v reflect.Value) error { return USCC(v.String()).Validate("") })
	case reflect.TypeFor[CadCode]():
		f.own(FieldCode, cadCodeWords, codeRegexp, func(v reflect.Value) error { return CadCode(v.String()).Validate("") })
	case reflect.TypeFor[KeyID]():
		f.own(FieldKeyID, keyIDWords, bytesRegexp, func(v reflect.Value) error { return KeyID(v.String()).Validate("") })
		f.quiet = true
	case reflect.TypeFor[JWK]():
		f.own(FieldJWK, keyWords, "", func(v reflect.Value) error { return as[JWK](v).Validate("") })
		f.quiet = true
	case reflect.TypeFor[Salted]():
		f.own(FieldSalted, "salt of 32 and SHA-256 of 64 digits of 0–9 a–f", "", func(v reflect.Value) error { return as[Salted](v).Validate("") })
		f.quiet = true
	default:
		return false
	}
	return true
}

func (f *form) own(kind, pattern, regexp string, validate func(v reflect.Value) error) {
	f.kind, f.pattern, f.allowed, f.regexp = kind, pattern, pattern, regexp
	f.checks = append(f.checks, func(v reflect.Value) *Error { return fault(validate(v)) })
	wrong := reflect.New(f.zero.Type()).Elem()
	if wrong.Kind() == reflect.String {
		wrong.SetString("?") // a missing value breaks another rule
	}
	f.rule = fault(validate(wrong)).Rule
}

func as[T any](v reflect.Value) T {
	x, _ := reflect.TypeAssert[T](v)
	return x
}

func plainKind(t reflect.Type) string {
	switch {
	case t == reflect.TypeFor[Ref]():
		return FieldRef
	case t == reflect.TypeFor[Millis]():
		return FieldMoment
	case t == reflect.TypeFor[Fen]():
		return FieldFen
	case t == reflect.TypeFor[json.RawMessage]():
		return FieldJSON
	case t.Kind() == reflect.Bool:
		return FieldBoolean
	case t.Kind() == reflect.String:
		return FieldText
	case reflect.Zero(t).CanInt() || reflect.Zero(t).CanUint():
		return FieldInteger
	}
	return FieldJSON
}

// word applies one word of a tag.
func (f *form) word(name, arg string) error {
	switch name {
	case "":
		return nil
	case "-":
		f.unchecked = true
		return nil
	case "quiet":
		f.quiet = true
		return nil
	case "needed":
		f.needed = true
		return nil
	case "jws":
		f.kind, f.quiet, f.regexp, f.rule = FieldJWS, true, jwsRegexp, "jws"
		f.checks = append(f.checks, func(v reflect.Value) *Error {
			if v.String() == "" {
				return Invalid("", "required").allow(jwsWords)
			}
			return nil
		})
		return nil
	case "enum":
		return f.enumWord(arg)
	case "pattern":
		return f.patternWord(arg)
	case "ref":
		kinds := strings.Split(arg, "/")
		f.pattern, f.allowed, f.rule = refWords(kinds), strings.Join(kinds, ", "), "enum"
		f.regexp = "^(" + strings.Join(kinds, "|") + ")/" + idRegexp + "$"
		f.checks = append(f.checks, func(v reflect.Value) *Error { return fault(Ref(v.String()).Validate("", kinds...)) })
		return nil
	case "true":
		f.checks = append(f.checks, func(v reflect.Value) *Error {
			if v.Bool() {
				return nil
			}
			return Invalid("", "must_be_true")
		})
		f.allowed = "true"
		return nil
	case "text", "token", "word", "bytes":
		return f.textWord(name, arg)
	case "ms", "min", "range":
		return f.numberWord(name, arg)
	}
	return fmt.Errorf("unknown")
}

// fault returns the *Error of a check.
func fault(err error) *Error {
	if err == nil {
		return nil
	}
	return AsError(err)
}

func (f *form) enumWord(name string) error {
	e, ok := EnumOf(name)
	if !ok {
		return fmt.Errorf("no such list")
	}
	f.kind, f.enum, f.allowed, f.rule = FieldEnum, &e, e.String(), "enum"
	f.checks = append(f.checks, func(v reflect.Value) *Error {
		s := v.String()
		if e.Has(s) {
			return nil
		}
		return notOneOf(s, f.allowed)
	})
	return nil
}

// ruleToken is the rule that tokens and words with other characters break.
const ruleToken = "token_characters"

func (f *form) textWord(name, arg string) error {
	low, high, err := bounds(arg)
	lower, upper := int(low), int(high)
	if name == "token" {
		low = 1
	}
	f.min, f.max = &low, &high
	switch name {
	case "text":
		f.checks = append(f.checks, func(v reflect.Value) *Error { return fault(CheckText("", v.String(), lower, upper)) })
	case "token":
		f.kind, f.pattern, f.regexp, f.rule = FieldToken, plainCharacters, plainRegexp, ruleToken
		f.checks = append(f.checks, func(v reflect.Value) *Error { return fault(CheckToken("", v.String(), upper)) })
	case "word":
		f.kind, f.pattern, f.allowed, f.regexp = FieldWord, wordWords, between(lower, upper)+": "+wordWords, wordRegexp
		f.rule = ruleToken
		f.checks = append(f.checks, func(v reflect.Value) *Error { return checkWord(v.String(), upper) })
	case "bytes":
		f.allowed = between(lower, upper) + " 字节/bytes"
		f.checks = append(f.checks, func(v reflect.Value) *Error {
			n := v.Len()
			if n == 0 && lower > 0 {
				return Invalid("", "required")
			}
			if n < lower {
				return Invalid("", "min_length").With("limit", strconv.Itoa(lower))
			}
			if n > upper {
				return Invalid("", "max_length").With("limit", strconv.Itoa(upper))
			}
			return nil
		})
	}
	return err
}

const wordWords = "a–z 0–9 _"

// checkWord checks the code of a purpose: lower-case letters, digits and "_".
func checkWord(s string, upper int) *Error {
	if len(s) > upper {
		return Invalid("", "max_length").With("limit", strconv.Itoa(upper))
	}
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' {
			return Invalid("", ruleToken)
		}
	}
	return nil
}

func (f *form) numberWord(name, arg string) error {
	switch name {
	case "ms":
		lower := int64(1)
		f.min, f.pattern = &lower, momentWords
		f.allowed = f.pattern
		f.checks = append(f.checks, func(v reflect.Value) *Error {
			switch n := v.Int(); {
			case n == 0:
				return Invalid("", "required")
			case n < lower:
				return Invalid("", "unix_ms")
			}
			return nil
		})
		return nil
	case "min":
		lower, err := strconv.ParseInt(arg, 10, 64)
		rule := "at_least_" + arg
		if lower == 0 {
			rule = "not_negative"
		}
		f.min = &lower
		f.checks = append(f.checks, func(v reflect.Value) *Error {
			if v.Int() < lower {
				return Invalid("", rule).With("min", arg)
			}
			return nil
		})
		return err
	}
	lower, upper, err := bounds(arg)
	f.min, f.max = &lower, &upper
	rule := strconv.FormatInt(lower, 10) + "_to_" + short(upper)
	f.checks = append(f.checks, func(v reflect.Value) *Error {
		if n := v.Int(); n < lower || n > upper {
			return Invalid("", rule).With("min", strconv.FormatInt(lower, 10)).With("max", strconv.FormatInt(upper, 10))
		}
		return nil
	})
	return err
}

// short writes powers of ten from 10^6 on with an exponent.
func short(n int64) string {
	s := strconv.FormatInt(n, 10)
	if len(s) > 6 && strings.Trim(s[1:], "0") == "" && s[0] == '1' {
		return "1e" + strconv.Itoa(len(s)-1)
	}
	return s
}
