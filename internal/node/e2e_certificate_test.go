package node_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/registry"
)

// TestACertificateNamesWhoMayNow: an offer gives no right, nor does a license that
// is suspended or has ended, nor any while the entry itself is suspended.
func TestACertificateNamesWhoMayNow(t *testing.T) {
	w := serve(t, nil)
	w.register("bus", "holder")
	var found registry.Page
	w.ok(w.party["buyer"].Get(t.Context(), "/v1/resources", &found))
	line := func() string {
		var c registry.Certificate
		w.ok(json.NewDecoder(w.ask(http.MethodGet, "", "/v1/certificates/"+string(found.Resources[0].CadCode)).Body).Decode(&c))
		if c.Rights.Use != c.Rights.Operate && c.Rights.Use.License != c.Rights.Operate.License {
			t.Errorf("use %+v, operate %+v", c.Rights.Use, c.Rights.Operate)
		}
		return string(c.Rights.Use.Kind)
	}
	license, entry := ref(ledger.KindLicense, "sale"), ref(ledger.KindEntry, "bus")
	for _, step := range []struct {
		name string
		do   func()
		want string
	}{
		{"registered", func() {}, "none"},
		{"offered", func() { w.offer("sale", "operator", "bus") }, "none"},
		{"accepted", func() { w.answer("operator", license, ledger.FnLicenseAccept) }, "license"},
		{"suspended", func() { w.act("authority", license, ledger.FnLicenseSuspend) }, "none"},
		{"resumed", func() { w.act("authority", license, ledger.FnLicenseResume) }, "license"},
		{"entry suspended", func() { w.act("regulator", entry, ledger.FnEntrySuspend) }, "none"},
		{"entry resumed", func() { w.act("regulator", entry, ledger.FnEntryResume) }, "license"},
		{"terminated", func() { w.act("authority", license, ledger.FnLicenseTerminate) }, "none"},
	} {
		if step.do(); line() != step.want {
			t.Errorf("%s: the line says %s, want %s", step.name, line(), step.want)
		}
	}
}
