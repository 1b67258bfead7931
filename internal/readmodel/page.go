package readmodel

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strconv"

	"github.com/datacadastre/cadastre/ledger"
)

// DefaultPage and MaxPage are the sizes of a page of every listing, in records.
const (
	DefaultPage = 50
	MaxPage     = 500
)

// Page bounds a listing: Limit is 1 to MaxPage, and 0 is DefaultPage; Cursor is
// empty or as the page before gave it.
type Page struct {
	Cursor string
	Limit  int
}

// Size returns the number of records that the page may have, and refuses a limit
// that no page has.
func (p Page) Size() (int, error) {
	if p.Limit == 0 {
		return DefaultPage, nil
	}
	if p.Limit < 1 || p.Limit > MaxPage {
		return 0, ledger.Invalid("limit", "1_to_500").With("value", strconv.Itoa(p.Limit)).With("allowed", "1 to 500")
	}
	return p.Limit, nil
}

// maxCursor is the length of the longest cursor that is looked at.
const maxCursor = 400

// sumSize is the number of bytes by which a cursor is known as one of its
// listing's.
const sumSize = 6

// MakeCursor writes the place of a record in a listing: the values of its order.
// Its form is opaque.
func MakeCursor(listing string, place ...any) (string, error) {
	b, err := json.Marshal(place)
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(append(cursorSum(listing, b), b...)), nil
}

func cursorSum(listing string, place []byte) []byte {
	sum := sha256.Sum256(append([]byte(listing+"\n"), place...))
	return sum[:sumSize]
}

// ParseCursor reads a cursor into the pointers of place. A cursor that the
// listing never gave, such as another listing's or a changed one, is refused.
func ParseCursor(listing, cursor string, place ...any) error {
	refused := func() error {
		shown := cursor[:min(len(cursor), maxCursor)]
		return ledger.Invalid("cursor", "as_given").With("value", shown).With("allowed", "next of a page of "+listing)
	}
	if len(cursor) > maxCursor {
		return refused()
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err != nil || len(raw) <= sumSize || !bytes.Equal(raw[:sumSize], cursorSum(listing, raw[sumSize:])) {
		return refused()
	}
	values := place // pointers: json decodes into what they point to
	if err := json.Unmarshal(raw[sumSize:], &values); err != nil || len(values) != len(place) {
		return refused()
	}
	return nil
}
