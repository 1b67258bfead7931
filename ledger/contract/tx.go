package contract

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/calendar"
)

// tx is the processing of one call: what it has read, and what it will write.
type tx struct {
	env      Env
	algs     ledger.Algorithms
	state    State
	v        Verified
	act      ledger.Act
	as       []ledger.Role // the roles in which the caller acts on the record
	genesis  ledger.Genesis
	caller   ledger.Party
	recovery bool // signed by the recovery key
	writes   []ledger.Write
	event    ledger.Event

	// See Result.
	unrelated         int
	unread, unwritten []string
	unproved          []ledger.Reason
}

// read reads and decodes a record. A record that does not decode means a damaged
// store.
func read[T any](state State, key string) (T, bool, error) {
	var v T
	b, ok, err := state.Get(key)
	if err != nil {
		return v, false, fmt.Errorf("read %s: %w", key, err)
	}
	if !ok {
		return v, false, nil
	}
	if err := json.Unmarshal(b, &v); err != nil {
		return v, false, fmt.Errorf("decode %s: %w", key, err)
	}
	return v, true, nil
}

// load reads the record that a call names in field; a missing record is a refusal.
func load[T any](t *tx, ref ledger.Ref, field string) (T, error) {
	v, ok, err := read[T](t.state, ledger.RecordKey(ref))
	if err != nil {
		return v, err
	}
	if !ok {
		return v, ledger.Refuse(ledger.NotFound, ledger.ReasonUnknown).At(field).With("ref", string(ref))
	}
	return v, nil
}

// absent refuses a record that already exists.
func (t *tx) absent(ref ledger.Ref, field string) error {
	_, ok, err := t.state.Get(ledger.RecordKey(ref))
	if err != nil {
		return fmt.Errorf("read %s: %w", ref, err)
	}
	if ok {
		return ledger.Refuse(ledger.Conflict, ledger.ReasonExists).At(field).With("ref", string(ref))
	}
	return nil
}

// exists reports whether a key exists.
func (t *tx) exists(key string) (bool, error) {
	_, ok, err := t.state.Get(key)
	if err != nil {
		return false, fmt.Errorf("read %s: %w", key, err)
	}
	return ok, nil
}

// putRecord writes a record and adds it to the event.
func (t *tx) putRecord(ref ledger.Ref, value any) error {
	b, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("encode %s: %w", ref, err)
	}
	t.writes = append(t.writes, ledger.Write{Key: ledger.RecordKey(ref), Value: b})
	t.event.Records = append(t.event.Records, ledger.Record{Ref: ref, Value: b})
	return nil
}

// setIndex writes an index key, which no event shows.
func (t *tx) setIndex(key string, value any) error {
	b, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("encode %s: %w", key, err)
	}
	t.writes = append(t.writes, ledger.Write{Key: key, Value: b})
	return nil
}

// dropIndex deletes an index key.
func (t *tx) dropIndex(key string) { t.writes = append(t.writes, ledger.Write{Key: key}) }

// link adds to the event that the record from depends on the record to.
func (t *tx) link(from ledger.Ref, rel string, to ledger.Ref) {
	t.event.Links = append(t.event.Links, ledger.Link{From: from, Rel: rel, To: to})
}

// cite returns the reference to this call, for the records that it writes.
func (t *tx) cite() ledger.Cite {
	return ledger.Cite{Party: t.v.Call.Party, Call: t.v.Call.ID, Payload: t.v.Payload}
}

// me returns the caller's id; now and today return the time and the day of the
// entry.
func (t *tx) me() ledger.ID      { return t.v.Call.Party }
func (t *tx) now() ledger.Millis { return t.env.Time }
func (t *tx) today() ledger.Date { return ledger.Date(calendar.Of(int64(t.env.Time))) }

// period returns the period of days working days from a day, by the recorded
// calendar. A period of 0 days, on a demonstration ledger, ends on its
// first day.
func (t *tx) period(from ledger.Date, days int) (ledger.Period, error) {
	p := ledger.Period{From: from, Days: days, Due: from}
	if days == 0 {
		return p, nil
	}
	due, err := t.countDays(from, days)
	if err != nil {
		return p, err
	}
	p.Due, p.Provisional = ledger.Date(due.Due), due.Provisional
	return p, nil
}

// lastDay returns the last day of a period: the later of the stored day and the day
// that the current calendar gives. So a new calendar list never shortens a period
// .
func (t *tx) lastDay(p ledger.Period) (ledger.Date, error) {
	if p.Days == 0 {
		return p.Due, nil
	}
	due, err := t.countDays(p.From, p.Days)
	if err != nil {
		return "", err
	}
	return max(p.Due, ledger.Date(due.Due)), nil
}

func (t *tx) countDays(from ledger.Date, days int) (calendar.Due, error) {
	var years [3]calendar.Year
	var known [3]bool
	first := yearOf(from)
	for i := range years {
		y, ok, err := read[ledger.CalendarYear](t.state, ledger.RecordKey(calendarRef(first+i)))
		if err != nil {
			return calendar.Due{}, err
		}
		years[i], known[i] = calendarYear(y), ok
	}
	lists := calendar.Calendar(func(year int) (calendar.Year, bool) {
		if i := year - first; i >= 0 && i < len(years) {
			return years[i], known[i]
		}
		return calendar.Year{}, false
	})
	return lists.Add(calendar.Date(from), days), nil
}

func sortWrites(w []ledger.Write) {
	slices.SortFunc(w, func(a, b ledger.Write) int { return strings.Compare(a.Key, b.Key) })
}

func calendarYear(y ledger.CalendarYear) calendar.Year {
	c := calendar.Year{Year: y.Year}
	for _, d := range y.Off {
		c.Off = append(c.Off, calendar.Date(d))
	}
	for _, d := range y.Work {
		c.Work = append(c.Work, calendar.Date(d))
	}
	return c
}
