package embedded

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/datacadastre/cadastre/internal/tlog"
	"github.com/datacadastre/cadastre/ledger"
)

// committed decodes the call in an entry's row. It checks the event and the write
// set against the hashes in the entry.
func committed(seq int64, data, extra []byte) (ledger.Committed, error) {
	e, s, err := parseEntry(seq, data, extra)
	if err != nil {
		return ledger.Committed{}, err
	}
	c := ledger.Committed{Position: ledger.Position{Block: e.Seq}, Time: e.Time, JWS: e.Call, Writes: s.Writes}
	if c.Event, err = s.event(); err != nil {
		return c, damaged("the event of entry %d can't be read: %w", seq, err)
	}
	return c, nil
}

// parseEntry decodes an entry's row: the entry, its event and its write set. It
// checks the last two against the hashes in the entry.
func parseEntry(seq int64, data, extra []byte) (e ledger.LogEntry, s stored, err error) {
	if e, err = decodeEntry(data); err != nil {
		return e, s, damaged("entry %d can't be read: %w", seq, err)
	}
	if s, err = decodeStored(extra); err != nil {
		return e, s, damaged("the event and write set of entry %d can't be read: %w", seq, err)
	}
	if e.Seq != number(seq) || ledger.DigestOf(s.Event) != e.Event || ledger.HashWrites(s.Writes) != e.Writes {
		return e, s, damaged("the event or write set of entry %d was changed after it was recorded", seq)
	}
	return e, s, nil
}

// decodeEntry decodes an entry. It copies the JWS, which is the largest part,
// without parsing it as JSON.
func decodeEntry(data []byte) (e ledger.LogEntry, err error) {
	begin, end, ok := findJWS(data)
	if ok {
		short := append(append(make([]byte, 0, len(data)-end+begin), data[:begin]...), data[end:]...)
		if err = json.Unmarshal(short, &e); err == nil && e.Call == "" { // it has exactly one such member
			e.Call = string(data[begin:end])
			return e, nil
		}
	}
	e = ledger.LogEntry{}
	err = json.Unmarshal(data, &e)
	return e, err
}

// damaged returns an error that says what is wrong with the file and what to do.
func damaged(format string, args ...any) error {
	return fmt.Errorf("ledger.db is damaged (%w): restore it from the newest backup",
		&damage{fmt.Errorf(format, args...)})
}

type damage struct{ what error }

func (d *damage) Error() string { return d.what.Error() }

func (d *damage) Unwrap() []error { return []error{tlog.ErrDamaged, d.what} }

// spine returns the right edge of the tree of the first size entries; the log must
// have more. It is also the inclusion proof of the next entry, all of whose
// neighbors are before it.
func (l *Ledger) spine(ctx context.Context, size int64) (*tlog.Spine, error) {
	if size == 0 {
		return new(tlog.Spine), nil
	}
	path, err := l.log.Prove(ctx, size, size+1)
	if err != nil {
		return nil, fmt.Errorf("prove entry %d: %w", size, err)
	}
	return tlog.NewSpine(size, path), nil
}
