package ledger_test

import (
	"slices"
	"testing"

	"github.com/datacadastre/cadastre/ledger"
)

func TestD2DeliveredWithinLimits(t *testing.T) {
	type delivery struct {
		object      string
		size, bytes int64
		outcome     ledger.DeliveryOutcome
	}
	const large = 100 << 20
	for _, c := range []struct {
		name  string
		quota ledger.Quota
		list  []delivery
		field string // of the refusal; empty: within
	}{
		{"no limits", ledger.Quota{}, []delivery{{"a", 100, 100, ledger.Complete}, {"a", 100, 100, ledger.Complete}}, ""},
		{"all bytes", ledger.Quota{Bytes: 100}, []delivery{{"a", 100, 100, ledger.Complete}}, ""},
		{"a byte more", ledger.Quota{Bytes: 99}, []delivery{{"a", 100, 100, ledger.Complete}}, "limits.bytes"},
		{"of two objects", ledger.Quota{Bytes: 150}, []delivery{{"a", 100, 100, ledger.Complete}, {"b", 100, 100, ledger.Complete}}, "limits.bytes"},
		{"two ranges, one use", ledger.Quota{Uses: 1}, []delivery{{"a", 100, 50, ledger.Complete}, {"a", 100, 50, ledger.Complete}}, ""},
		{"two uses", ledger.Quota{Uses: 1}, []delivery{{"a", 100, 100, ledger.Complete}, {"a", 100, 1, ledger.Complete}}, "limits.uses"},
		{"one use each", ledger.Quota{Uses: 1}, []delivery{{"a", 100, 1, ledger.Complete}, {"b", 100, 1, ledger.Complete}}, "limits.uses"},
		{"an empty object", ledger.Quota{Uses: 1}, []delivery{{"a", 0, 0, ledger.Complete}, {"a", 0, 0, ledger.Complete}}, "limits.uses"},
		{"resumed", ledger.Quota{Bytes: large, Uses: 1}, []delivery{{"a", large, large / 2, ledger.Partial}, {"a", large, large/2 + ledger.ResumeStep, ledger.Complete}}, ""},
		{"in slices, each sent again", ledger.Quota{Uses: 1}, slices.Repeat([]delivery{{"a", large, ledger.ResumeStep, ledger.Partial}}, 12), ""},
		{"in slices, once more than the object", ledger.Quota{Uses: 1}, slices.Repeat([]delivery{{"a", large, ledger.ResumeStep, ledger.Partial}}, 13), "limits.uses"},
		{"resumed, and more", ledger.Quota{Bytes: large}, []delivery{{"a", large, large / 2, ledger.Aborted}, {"a", large, large/2 + ledger.ResumeStep + 1, ledger.Complete}}, "limits.bytes"},
	} {
		var d ledger.Delivered
		for _, x := range c.list {
			d.Add(ledger.Receipt{Object: x.object, Size: x.size}, ledger.Receipt{Bytes: x.bytes, Outcome: x.outcome})
		}
		e := d.Within(c.quota)
		if got := e; (got == nil) != (c.field == "") || got != nil && (got.Field != c.field || got.Reason != ledger.ReasonLimit) {
			t.Errorf("%s: %v, want %q", c.name, e, c.field)
		}
	}
}
