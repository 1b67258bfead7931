package ledger

import (
	"encoding/json"
	"fmt"
	"reflect"
)

// kinds maps each kind of record to its type.
var kinds = map[string]reflect.Type{
	KindParty:       reflect.TypeFor[Party](),
	KindDeposit:     reflect.TypeFor[Deposit](),
	KindApplication: reflect.TypeFor[Application](),
	KindSubmission:  reflect.TypeFor[Submission](),
	KindResource:    reflect.TypeFor[ResourceIndex](),
	KindEntry:       reflect.TypeFor[Entry](),
	KindGrant:       reflect.TypeFor[Grant](),
	KindLicense:     reflect.TypeFor[License](),
	KindEnvironment: reflect.TypeFor[Environment](),
	KindProduct:     reflect.TypeFor[Product](),
	KindContent:     reflect.TypeFor[Content](),
	KindOrder:       reflect.TypeFor[Order](),
	KindCalendar:    reflect.TypeFor[CalendarYear](),
	KindLog:         reflect.TypeFor[LogRecord](),
	KindAnchor:      reflect.TypeFor[Anchor](),
	KindKey:         reflect.TypeFor[KeyRecord](),
	KindGenesis:     reflect.TypeFor[Genesis](),
}

// Kinds returns the kinds of record that the ledger keeps, with a new record of each.
func Kinds() map[string]any {
	list := make(map[string]any, len(kinds))
	for kind, t := range kinds {
		list[kind] = reflect.New(t).Interface()
	}
	return list
}

// DecodeRecord decodes a record of a kind and returns a pointer to it.
func DecodeRecord(kind string, value []byte) (any, error) {
	t, ok := kinds[kind]
	if !ok {
		return nil, fmt.Errorf("no kind of record is called %q", kind)
	}
	record := reflect.New(t)
	if err := json.Unmarshal(value, record.Interface()); err != nil {
		return nil, fmt.Errorf("decode %s: %w", kind, err)
	}
	return record.Interface(), nil
}

// kindOf returns the kind of a record, or of what a pointer to one points to;
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
