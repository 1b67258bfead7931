package contract

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/calendar"
)

// tx is one call being applied.
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
	beside   int // records that were not looked at
}

// read decodes a record; a record that does not decode is a damaged store.
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

// load reads the record that a call names in field; unknown is a refusal.
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

// absent refuses a record that is there already.
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

// has reports whether a key is there.
func (t *tx) has(key string) (bool, error) {
	_, ok, err := t.state.Get(key)
	if err != nil {
		return false, fmt.Errorf("read %s: %w", key, err)
	}
	return ok, nil
}

// put writes a record and puts it into the event.
func (t *tx) put(ref ledger.Ref, value any) error {
	b, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("encode %s: %w", ref, err)
	}
	t.writes = append(t.writes, ledger.Write{Key: ledger.RecordKey(ref), Value: b})
	t.event.Records = append(t.event.Records, ledger.Record{Ref: ref, Value: b})
	return nil
}

// set writes an index key; it is in no event.
func (t *tx) set(key string, value any) error {
	b, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("encode %s: %w", key, err)
	}
	t.writes = append(t.writes, ledger.Write{Key: key, Value: b})
	return nil
}

// drop deletes an index key.
func (t *tx) drop(key string) { t.writes = append(t.writes, ledger.Write{Key: key}) }

// link says in the event what a record rests on.
func (t *tx) link(from ledger.Ref, rel string, to ledger.Ref) {
	t.event.Links = append(t.event.Links, ledger.Link{From: from, Rel: rel, To: to})
}

// cite names this call, for the records that it writes.
func (t *tx) cite() ledger.Cite {
	return ledger.Cite{Party: t.v.Call.Party, Call: t.v.Call.ID, Payload: t.v.Payload}
}

// me is the caller's id; now and today are the entry's.
func (t *tx) me() ledger.ID      { return t.v.Call.Party }
func (t *tx) now() ledger.Millis { return t.env.Time }
func (t *tx) today() ledger.Date { return ledger.Date(calendar.Of(int64(t.env.Time))) }

// period counts days working days from a day on, by the recorded calendar
// (domain §7). On a demo ledger 0 days are over at once.
func (t *tx) period(from ledger.Date, days int) (ledger.Period, error) {
	p := ledger.Period{From: from, Days: days, Due: from}
	if days == 0 {
		return p, nil
	}
	due, err := t.count(from, days)
	if err != nil {
		return p, err
	}
	p.Due, p.Provisional = ledger.Date(due.Due), due.Provisional
	return p, nil
}

// lastDay is a period's last day now: the later of what was stored and what
// today's lists say; a later list never shortens (domain §7).
func (t *tx) lastDay(p ledger.Period) (ledger.Date, error) {
	if p.Days == 0 {
		return p.Due, nil
	}
	due, err := t.count(p.From, p.Days)
	if err != nil {
		return "", err
	}
	return max(p.Due, ledger.Date(due.Due)), nil
}

func (t *tx) count(from ledger.Date, days int) (calendar.Due, error) {
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

// suspend opens a suspension of the caller's role; a role has one at most.
func (t *tx) suspend(list []ledger.Suspension, ground string) ([]ledger.Suspension, error) {
	role := t.as[0]
	for _, s := range list {
		if s.Role == role {
			return nil, ledger.Refuse(ledger.Conflict, ledger.ReasonSuspended).At("id")
		}
	}
	return append(slices.Clone(list), ledger.Suspension{Role: role, By: t.me(), Ground: ground, Since: t.now()}), nil
}

// resume lifts the suspension of the caller's role; only the role that set it
// lifts it (protocol §8).
func (t *tx) resume(list []ledger.Suspension) ([]ledger.Suspension, error) {
	kept := []ledger.Suspension{}
	for _, s := range list {
		if s.Role != t.as[0] {
			kept = append(kept, s)
		}
	}
	if len(kept) == len(list) {
		return nil, ledger.Refuse(ledger.Conflict, ledger.ReasonNoSuspense).At("id")
	}
	return kept, nil
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
