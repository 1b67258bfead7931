package node_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/ledgertest"
	"github.com/datacadastre/cadastre/marketplace/receipts"
	"github.com/datacadastre/cadastre/policies"
)

var update = flag.Bool("update", false, "write the table of who reads what anew")

// decisions is a log that keeps by which rows of the role file reads were decided.
type decisions struct {
	mu   sync.Mutex
	rows []string
}

func (*decisions) Enabled(context.Context, slog.Level) bool { return true }

func (d *decisions) Handle(_ context.Context, r slog.Record) error {
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == "row" && r.Message == "read decided" {
			d.mu.Lock()
			defer d.mu.Unlock()
			d.rows = append(d.rows, a.Value.String())
		}
		return true
	})
	return nil
}

func (d *decisions) WithAttrs([]slog.Attr) slog.Handler { return d }
func (d *decisions) WithGroup(string) slog.Handler      { return d }

// take returns the rows since it was last asked.
func (d *decisions) take() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	rows := d.rows
	d.rows = nil
	return rows
}

// readers are the columns of the table, with the region of those beyond the cast.
var readers = []struct {
	name, region string
	kind         ledger.PartyKind
	role         ledger.Role
}{
	{name: ""},
	{name: "holder"},
	{name: "other"},
	{name: "buyer"},
	{name: "rival"},
	{name: "operator"},
	{name: "seller"},
	{name: "body"},
	{"body away", "430400", ledger.Institution, ledger.RoleRegistryBody},
	{name: "authority"},
	{"implementer", "430300", ledger.Organ, ledger.RoleImplementer},
	{name: "regulator"},
	{"regulator of a county", "430381", ledger.Organ, ledger.RoleRegulator},
	{"regulator away", "430400", ledger.Organ, ledger.RoleRegulator},
	{"regulator of the province", "430000", ledger.Organ, ledger.RoleRegulator},
	{"holder of a county", "430381", ledger.Organ, ledger.RoleHolder},
}

// county is a world with offices of four regions, and records in every state that
// readers may differ in.
func county(t *testing.T, log slog.Handler) *world {
	w := lay(t, limits(nil))
	w.log = log
	w.open()
	w.admit()
	province := ledgertest.Person{Name: "province", USCC: countyCode(len(readers)), Kind: ledger.Organ, Region: "430000", Roles: []ledger.Role{ledger.RoleDataAuthority}}
	w.speak(province.Name, id(province.Name))
	w.call("authority", ref(ledger.KindParty, province.Name), ledger.FnPartyAdmit,
		ledger.PartyAdmitArgs{Application: w.keys.Apply(t, province.Name, tale.Profile(t, w.keys, province))})
	by := func(region string) string { // who admits a party of a region
		if region == "430400" {
			return province.Name
		}
		return "authority"
	}
	for i, r := range readers {
		if r.region == "" {
			continue
		}
		w.speak(r.name, id(r.name))
		p := ledgertest.Person{Name: r.name, USCC: countyCode(i), Kind: r.kind, Region: ledger.Region(r.region), Roles: []ledger.Role{r.role}}
		jws := w.keys.Apply(t, r.name, tale.Profile(t, w.keys, p))
		w.call(by(r.region), ref(ledger.KindParty, r.name), ledger.FnPartyAdmit, ledger.PartyAdmitArgs{Application: jws})
	}
	w.register("bus", "holder")
	w.register("well", "holder of a county")
	w.call("holder of a county", ledger.RefTo(ledger.KindDeposit, sum("deposit pond")), ledger.FnDeposit, ledger.DepositArgs{SHA256: sum("deposit pond"), Bytes: 1})
	w.call("holder of a county", ref(ledger.KindApplication, "pond"), ledger.FnAppSubmit, application("pond", "holder of a county"))
	w.call("holder", ledger.RefTo(ledger.KindDeposit, sum("unused")), ledger.FnDeposit, ledger.DepositArgs{SHA256: sum("unused"), Bytes: 1})
	raw, made := w.upload("holder", data(100)), w.upload("operator", data(200))
	w.content("raw", "holder", ref(ledger.KindResource, "resource bus"), raw)
	w.sale("sale", "bus", made, ledger.Quota{})
	w.saleOf("operator", "rival", "other sale", "bus", made, ledger.Quota{})
	w.act("regulator", ref(ledger.KindOrder, "other sale"), ledger.FnOrderBlock)
	w.act("operator", ref(ledger.KindProduct, "other sale"), ledger.FnProductDelist)
	w.act("authority", ref(ledger.KindLicense, "other sale"), ledger.FnLicenseTerminate)
	w.offer("offered", "seller", "bus")
	w.content("removed", "operator", ref(ledger.KindProduct, "sale"), w.upload("operator", other(data(200))))
	w.answer("operator", ref(ledger.KindContent, "removed"), ledger.FnContentRemove)
	w.call("authority", "calendar/2030", ledger.FnCalendarSet, ledger.CalendarArgs{
		Year: 2030, Off: []ledger.Date{"2030-01-01"}, Work: []ledger.Date{}, Source: "国办发明电",
	})
	for path, who := range map[string]string{supplyPath("sale", "bus", raw.Object): "environment", orderPath("sale", made.Object): "buyer"} {
		if resp := w.ask(http.MethodGet, who, path); len(w.body(resp)) == 0 || resp.StatusCode != http.StatusOK {
			t.Fatalf("%s: %s", path, resp.Status)
		}
	}
	w.ok(w.Anchored(t.Context(), w.Receipts().Size()))
	until(t, "a checkpoint of the receipts", func() bool {
		return w.ask(http.MethodGet, "", "/log/receipts/tile/0/000.p/1").StatusCode == http.StatusOK
	})
	return w
}

func countyCode(i int) string { return "11430381MB0C0000" + string("0123456789ABCDEFGH"[i]) }

// named fills the names of the story into a path of the table: @NAME is its id, #NAME
// its hash, !FLOW the leaf of that delivery's start receipt; _ is a space.
func (w *world) named(path string) string {
	w.t.Helper()
	fill := func(sign string, f func(name string) string) {
		path = regexp.MustCompile(sign+`([a-z_]+)`).ReplaceAllStringFunc(path, func(m string) string {
			return f(strings.ReplaceAll(m[1:], "_", " "))
		})
	}
	fill("@", func(name string) string { return string(id(name)) })
	fill("#", func(name string) string {
		switch name {
		case "raw":
			return string(ledger.DigestOf(data(100)))
		case "made":
			return string(ledger.DigestOf(data(200)))
		}
		return string(sum(name))
	})
	fill("!", func(flow string) string {
		page, err := w.Receipts().Find(w.t.Context(), receipts.Filter{}, 0, 500)
		w.ok(err)
		for _, k := range page.Items {
			if string(k.Receipt.Flow) == flow && k.Receipt.Kind == ledger.ReceiptStart || string(k.Receipt.Kind) == flow {
				return string(k.Leaf)
			}
		}
		w.t.Fatalf("no receipt of %s", flow)
		return ""
	})
	grant := func(parts ...string) string { return string(ledger.DeriveID(append([]string{"grant"}, parts...)...)) }
	raw := recordOf[ledger.Content](w, ref(ledger.KindContent, "raw"))
	return strings.NewReplacer("$hold", grant(string(id("bus"))), "$operate", grant(string(id("sale")), "operate"),
		"$use", grant(ledger.KindOrder, string(id("sale"))), "$kid", string(w.key("buyer").ID()),
		"$submission", string(recordOf[ledger.Application](w, ref(ledger.KindApplication, "bus")).SubmitPayload),
		"$call", string(raw.Cite.Call),
		"$code", string(recordOf[ledger.Entry](w, ref(ledger.KindEntry, "bus")).CadCode)).Replace(path)
}

// recordOf reads a record of the ledger.
func recordOf[T any](w *world, r ledger.Ref) T {
	w.t.Helper()
	b, err := w.Ledger().Value(w.t.Context(), ledger.RecordKey(r))
	w.ok(err)
	var v T
	w.ok(json.Unmarshal(b, &v))
	return v
}

// cell says what a reader is answered: o shown, n shown and noted, with the number of
// items of a list; - as if it were not there, x refused, ? a token is needed.
func (w *world) cell(log *decisions, who, path string) (cell string, rows []string) {
	w.t.Helper()
	log.take()
	resp := w.ask(http.MethodGet, who, path)
	body := w.body(resp)
	switch resp.StatusCode {
	case http.StatusOK:
	case http.StatusNotFound:
		return "-", nil
	case http.StatusForbidden:
		return "x", nil
	case http.StatusUnauthorized:
		return "?", nil
	default:
		w.t.Errorf("%s as %q: %s %s", path, who, resp.Status, body)
		return resp.Status, nil
	}
	cell, rows = "o", log.take()
	if slices.ContainsFunc(rows, func(row string) bool { return strings.HasSuffix(row, "noted") }) {
		cell = "n"
	}
	var list struct{ Items []json.RawMessage }
	if strings.HasPrefix(string(body), `{"items"`) {
		w.ok(json.Unmarshal(body, &list))
		cell = fmt.Sprint(len(list.Items)) + cell
	}
	return cell, rows
}

// TestWhoReadsWhat holds the answers of the API to one table: who, by role, standing
// and region, is shown which kind of record in which state. Each read of the API, each
// kind of record and each row of the role file stands in it.
func TestWhoReadsWhat(t *testing.T) {
	log := &decisions{}
	w := county(t, log)
	const file = "testdata/readers.txt"
	b, err := os.ReadFile(file)
	w.ok(err)
	used, said := map[string]bool{}, []string{}
	var paths []string
	for line := range strings.Lines(string(b)) {
		line = strings.TrimRight(line, "\n")
		if !strings.HasPrefix(line, "/") {
			if !strings.HasPrefix(line, "|") {
				said = append(said, line)
			}
			continue
		}
		path := strings.Fields(line)[0]
		paths = append(paths, path)
		full, row := w.named(path), fmt.Sprintf("%-60s", path)
		for _, r := range readers {
			cell, rows := w.cell(log, r.name, full)
			row += fmt.Sprintf(" %3s", cell)
			for _, decided := range rows {
				used[decided] = true
			}
		}
		said = append(said, row)
	}
	got := strings.Join(said, "\n") + "\n"
	if *update {
		w.ok(os.WriteFile(file, []byte(got), 0o600))
	} else if want := string(b); got != want {
		t.Errorf("who reads what is not as %s says:\n%s", file, lineDiff(want, got))
	}
	roles, err := policies.NewRoles()
	w.ok(err)
	for _, row := range roles.Rows() {
		if !used[row.String()] {
			t.Errorf("nothing asks the row %q of the role file", row)
		}
	}
	w.everyReadIsIn(paths)
	t.Run("lists", func(t *testing.T) { w.listsAreFilters(t) })
}

func lineDiff(want, got string) (diff string) {
	a, b := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range max(len(a), len(b)) {
		var x, y string
		if i < len(a) {
			x = a[i]
		}
		if i < len(b) {
			y = b[i]
		}
		if x != y {
			diff += "- " + x + "\n+ " + y + "\n"
		}
	}
	return diff
}

// everyReadIsIn holds that the paths of the table are of every read that the API
// describes, and of every kind of record.
func (w *world) everyReadIsIn(paths []string) {
	w.t.Helper()
	var doc struct {
		Paths map[string]map[string]struct {
			Reads string `json:"x-reads"`
		} `json:"paths"`
	}
	w.ok(json.Unmarshal(w.body(w.ask(http.MethodGet, "", "/openapi.json")), &doc))
	// Nothing recorded is read; and uploads and stored keys of the caller alone, see
	// TestMyUploads and TestStoredKeysAreListedAndDeleted.
	free := []string{"/v1/about", "/v1/acts.json", "/healthz", "/readyz", "/metrics", "/v1/uploads", "/v1/custody/keys"}
	for path, methods := range doc.Paths {
		read, ok := methods["get"]
		if !ok || strings.HasSuffix(path, "/content/{object}") || path == tusPath+"/{object}" {
			continue // delivered by the market's decision; of its uploader alone, see TestWhatTusRefuses
		}
		pattern := regexp.MustCompile("^" + regexp.MustCompile(`\\\{[^}]*\\\}`).ReplaceAllString(regexp.QuoteMeta(path), `[^/?]+`) + `(\?|$)`)
		if free := slices.Contains(free, path); free != (read.Reads == "") || !free && !slices.ContainsFunc(paths, pattern.MatchString) {
			w.t.Errorf("GET %s (reads %q) has no row in the table of who reads what", path, read.Reads)
		}
	}
	for kind := range ledger.Kinds() {
		if !slices.ContainsFunc(paths, func(p string) bool { return strings.Contains(p, "ref="+kind+"/") }) {
			w.t.Errorf("the kind %s has no row in the table of who reads what", kind)
		}
	}
}

// listsAreFilters holds that a list has what its reader may read one by one.
func (w *world) listsAreFilters(t *testing.T) {
	kinds := map[string][]string{"orders": {"sale", "other sale"}, "applications": {"bus", "well", "pond"}}
	for _, r := range readers[1:] {
		for kind, names := range kinds {
			var list struct{ Items []struct{ ID ledger.ID } }
			w.ok(json.Unmarshal(w.body(w.ask(http.MethodGet, r.name, "/v1/"+kind+"?limit=500")), &list))
			listed := map[ledger.ID]bool{}
			for _, item := range list.Items {
				listed[item.ID] = true
			}
			single := map[ledger.ID]bool{}
			for _, name := range names {
				if w.ask(http.MethodGet, r.name, "/v1/"+kind+"/"+string(id(name))).StatusCode == http.StatusOK {
					single[id(name)] = true
				}
			}
			if !maps.Equal(listed, single) {
				t.Errorf("%s lists the %s %v, and reads %v one by one", r.name, kind, listed, single)
			}
		}
	}
}
