package ledger

import (
	"encoding/json"
	"fmt"
	"reflect"
)

// kinds is the table of the kinds of record: the name of each, and its type.
var kinds = map[string]recordKind{
	KindParty:       kind[Party]("单位", "party"),
	KindDeposit:     kind[Deposit]("存证", "deposit"),
	KindApplication: kind[Application]("登记申请", "application"),
	KindSubmission:  kind[Submission]("申请内容", "submission"),
	KindNotice:      kind[Notice]("公示", "notice"),
	KindResource:    kind[ResourceIndex]("资源", "resource"),
	KindEntry:       kind[Entry]("登记结果", "entry"),
	KindGrant:       kind[Grant]("权利", "right"),
	KindLicense:     kind[License]("授权", "license"),
	KindEnvironment: kind[Environment]("受控环境", "environment"),
	KindProduct:     kind[Product]("产品", "product"),
	KindContent:     kind[Content]("内容", "content"),
	KindOrder:       kind[Order]("订单", "order"),
	KindCalendar:    kind[CalendarYear]("工作日安排", "calendar"),
	KindClock:       kind[Clockwork]("模拟时钟", "simulated clock"),
	KindLog:         kind[LogRecord]("日志", "log"),
	KindAnchor:      kind[Anchor]("锚定", "anchor"),
	KindKey:         kind[KeyRecord]("密钥", "key"),
	KindGenesis:     kind[Genesis]("创世记录", "genesis"),
}

// recordKind is a row of the table.
type recordKind struct {
	name   Words
	record reflect.Type
}

// kind returns the row of a kind of record. The type must report its readers and its
// label.
func kind[T Readable](zh, en string) recordKind {
	return recordKind{Words{zh, en}, reflect.TypeFor[T]()}
}

// others are the names of what references name beside the records of the ledger.
var others = map[string]Words{
	KindReceipt: {"回执", "receipt"},
	KindFile:    {"文件", "file"},
}

// KindName returns the name of a kind of record, of receipts or of files; the zero Words
// if there is no such kind.
func KindName(kind string) Words {
	if w, ok := others[kind]; ok {
		return w
	}
	return kinds[kind].name
}

// Kinds returns the kinds of record that the ledger stores, with a new record of
// each.
func Kinds() map[string]any {
	list := make(map[string]any, len(kinds))
	for kind, k := range kinds {
		list[kind] = reflect.New(k.record).Interface()
	}
	return list
}

// DecodeRecord decodes a record of a kind and returns a pointer to it.
func DecodeRecord(kind string, value []byte) (Readable, error) {
	k, ok := kinds[kind]
	if !ok {
		return nil, fmt.Errorf("there is no kind of record %q", kind)
	}
	record := reflect.New(k.record)
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
	for kind, k := range kinds {
		m[k.record] = kind
	}
	return m
}()
