package embedded

import (
	"context"
	"database/sql"

	"github.com/datacadastre/cadastre/internal/tlog"
	"github.com/datacadastre/cadastre/ledger"
)

// Writer is the ledger's writing connection, so that a test can fill its disk.
func (l *Ledger) Writer() *sql.DB { return l.db.W }

// With returns the config with another form of rows.
func (c Config) With(codec tlog.Codec) Config {
	c.codec = codec
	return c
}

// Comparing returns the config of a ledger that compares its state while it works.
func (c Config) Comparing() Config {
	c.rowsAtOpen = -1
	return c
}

// Knowing returns the config of a ledger with at most the given number of sets of
// known rows; if it is negative, rows are not checked.
func (c Config) Knowing(sets int) Config {
	c.maxSets = sets
	return c
}

// Forget has the ledger know no row.
func (l *Ledger) Forget() { l.known = newKnown(0, minSets) }

// CompareState compares the state with the last entry, as a start does.
func (l *Ledger) CompareState(ctx context.Context) error { return l.compareState(ctx) }

// MaxRow is the most bytes of a row once it is decompressed.
const MaxRow = maxRow

// The parts of a row's codec, for its tests.
var (
	NewRows    = newRows
	PlainRow   = plainRow
	ParseRow   = parseRow
	Dictionary = dictionary
)

// EncodeStored is the row's form of an event and a write set.
func EncodeStored(event []byte, writes []ledger.Write) []byte {
	return stored{Event: event, Writes: writes}.encode()
}

// EventOf decodes the event of that form.
func EventOf(data []byte) (ledger.Event, error) {
	s, err := decodeStored(data)
	if err != nil {
		return ledger.Event{}, err
	}
	return s.event()
}

// DecodeEntry decodes an entry.
func DecodeEntry(data []byte) (ledger.LogEntry, error) { return decodeEntry(data) }

// DecodeStored reads that form.
func DecodeStored(data []byte) (event []byte, writes []ledger.Write, err error) {
	s, err := decodeStored(data)
	return s.Event, s.Writes, err
}
