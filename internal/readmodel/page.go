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

// Page selects a page of a listing. Limit is 1 to MaxPage; 0 means DefaultPage. Cursor
// is empty, or the cursor returned with the previous page.
type Page struct {
	Cursor string
	Limit  int
}

// Size returns the maximum number of records of the page, and refuses an invalid limit.
func (p Page) Size() (int, error) {
	if p.Limit == 0 {
		return DefaultPage, nil
	}
	if p.Limit < 1 || p.Limit > MaxPage {
		return 0, ledger.Invalid("limit", "1_to_500").With("value", strconv.Itoa(p.Limit)).With("allowed", "1 to 500")
	}
	return p.Limit, nil
}

// maxCursor is the maximum length of a cursor.
const maxCursor = 400

// sumSize is the number of checksum bytes that bind a cursor to its listing.
const sumSize = 6

// MakeCursor returns the cursor for the place of a record in a listing: the values of
// its order. The form is opaque.
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

// ParseCursor reads a cursor into the pointers of place. It refuses a cursor that the
// listing did not return, such as one of another listing or an altered one.
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
	values := place // pointers: json decodes into their targets
	if err := json.Unmarshal(raw[sumSize:], &values); err != nil || len(values) != len(place) {
		return refused()
	}
	return nil
}
