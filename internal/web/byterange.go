package web

import (
	"strconv"
	"strings"

	"github.com/datacadastre/cadastre/ledger"
)

// byteRange is the range of a Range header with a single range (RFC 9110 §14.2).
type byteRange struct {
	first, last int64 // inclusive; last is -1 for the end
	suffix      int64 // number of bytes at the end; 0 if the range is not a suffix
}

// parseRange parses a Range header. It refuses several ranges, because a receipt records
// one. It ignores a header with an unknown unit, as RFC 9110 says; ok is then false.
func parseRange(header string) (r byteRange, ok bool, err error) {
	unit, spec, found := strings.Cut(header, "=")
	if !found || !strings.EqualFold(unit, "bytes") { // RFC 9110 §14.1: range units are case-insensitive
		return r, false, nil
	}
	refuse := ledger.Refuse(ledger.InvalidCode, ledger.ReasonRange).At("Range")
	if strings.Contains(spec, ",") {
		return r, false, refuse.By("one_range")
	}
	from, to, found := strings.Cut(strings.TrimSpace(spec), "-")
	if !found {
		return r, false, refuse.By("RFC 9110 §14.1.2")
	}
	if from == "" {
		if r.suffix, err = position(to); err != nil || r.suffix == 0 {
			return r, false, refuse.By("RFC 9110 §14.1.2")
		}
		return r, true, nil
	}
	if r.first, err = position(from); err != nil {
		return r, false, refuse.By("RFC 9110 §14.1.2")
	}
	r.last = -1
	if to != "" {
		if r.last, err = position(to); err != nil || r.last < r.first {
			return r, false, refuse.By("RFC 9110 §14.1.2")
		}
	}
	return r, true, nil
}

// position parses 1 to 18 digits.
func position(s string) (int64, error) {
	if s == "" || len(s) > 18 || strings.Trim(s, "0123456789") != "" {
		return 0, strconv.ErrSyntax
	}
	return strconv.ParseInt(s, 10, 64)
}

// within returns the part of an object of size bytes that the range selects.
func (r byteRange) within(size int64) (offset, length int64, err error) {
	if r.suffix > 0 {
		n := min(r.suffix, size)
		if n == 0 {
			return 0, 0, beyond(size)
		}
		return size - n, n, nil
	}
	if r.first >= size {
		return 0, 0, beyond(size)
	}
	last := size - 1
	if r.last >= 0 {
		last = min(r.last, last)
	}
	return r.first, last - r.first + 1, nil
}

func beyond(size int64) error {
	return ledger.Refuse(ledger.InvalidCode, ledger.ReasonRange).At("Range").By("within_content").
		With("size", strconv.FormatInt(size, 10))
}
