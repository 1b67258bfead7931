package ledger

import (
	"encoding/json"
	"fmt"
	"reflect"
)

// kinds maps each kind of record to its type.
var kinds = map[string]reflect.Type{
	KindParty:       kind[Party](),
	KindDeposit:     kind[Deposit](),
	KindApplication: kind[Application](),
	KindSubmission:  kind[Submission](),
	KindResource:    kind[ResourceIndex](),
	KindEntry:       kind[Entry](),
	KindGrant:       kind[Grant](),
	KindLicense:     kind[License](),
	KindEnvironment: kind[Environment](),
	KindProduct:     kind[Product](),
	KindContent:     kind[Content](),
	KindOrder:       kind[Order](),
	KindCalendar:    kind[CalendarYear](),
	KindLog:         kind[LogRecord](),
	KindAnchor:      kind[Anchor](),
	KindKey:         kind[KeyRecord](),
	KindGenesis:     kind[Genesis](),
}

// kind returns the type of a record. The type must report its readers and its
// label.
func kind[T Readable]() reflect.Type { return reflect.TypeFor[T]() }

// Kinds returns the kinds of record that the ledger stores, with a new record of
// each.
func Kinds() map[string]any {
	list := make(map[string]any, len(kinds))
	for kind, t := range kinds {
		list[kind] = reflect.New(t).Interface()
	}
	return list
}

// DecodeRecord decodes a record of a kind and returns a pointer to it.
func DecodeRecord(kind string, value []byte) (Readable, error) {
	t, ok := kinds[kind]
	if !ok {
		return nil, fmt.Errorf("there is no kind of record %q", kind)
	}
	record := reflect.New(t)
	if err := json.Unmarshal(value, record.Interface()); err != nil {
		return nil, fmt.Errorf("decode %s: %w", kind, err)
	}
	return record.Interface().(Readable), nil
}

// kindOf returns the kind of a record, or of the record that a pointer points to;
// empty for anything else.
func kindOf(record any) string {
	t := reflect.TypeOf(record)
	if t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return kindsByType[t]
}

var kindsByType = func() map[reflect.Type]string {
	m := make(map[reflect.Type]string, len(kinds))
	for kind, t := range kinds {
		m[t] = kind
	}
	return m
}()
