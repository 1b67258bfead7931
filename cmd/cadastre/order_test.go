package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/datacadastre/cadastre/internal/api/wire"
	"github.com/datacadastre/cadastre/internal/client"
	"github.com/datacadastre/cadastre/ledger"
)

// TestOrderShowsItsUse: the command prints what the node has counted of the limits.
func TestOrderShowsItsUse(t *testing.T) {
	n := newNode(t)
	who := profile(t, n.URL)
	a := wire.OrderAnswer{
		Order: ledger.Order{ID: client.NewID(), State: ledger.OrderActive},
		Use:   wire.OrderUse{Node: testOrigin, Uses: wire.UseOf(3, 1), Bytes: wire.UseOf(0, 1234567)},
	}
	raw, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	n.records["/v1/orders/"+string(a.ID)] = string(raw)
	for lang, want := range map[string]string{
		"zh": "限额用量 计量节点（各节点分别计量） " + testOrigin + " 次数 已用（含进行中的交付） 1 上限 3 剩余 2 字节数 已用（含进行中的交付） 1234567",
		"en": "Use of the limits Counting node (each counts its own) " + testOrigin + " Uses Used, with running deliveries 1 Limit 3 Left 2 Bytes Used, with running deliveries 1234567",
	} {
		out := strings.Join(strings.Fields(must(t, "order", "show", string(a.ID), "--profile", who, "--lang", lang)), " ")
		if !strings.HasSuffix(out, want) {
			t.Errorf("%q, want %q at its end", out, want)
		}
	}
}
