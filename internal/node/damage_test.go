package node_test

import (
	"context"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"

	"github.com/datacadastre/cadastre/internal/node"
	"github.com/datacadastre/cadastre/internal/sqldb"
	"github.com/datacadastre/cadastre/ledger"
)

// exec changes the file of the ledger.
func (w *world) exec(query string) {
	w.t.Helper()
	db, err := sqldb.Open(w.t.Context(), filepath.Join(w.dir, "ledger.db"), sqldb.SyncFull)
	w.ok(err)
	_, err = db.W.ExecContext(w.t.Context(), query)
	w.ok(err)
	w.ok(db.Close())
}

// TestAnEditedRecordIsFoundAtTheStart: someone makes the buyer a regulator in the file
// of a node that is stopped. The next start names the record.
func TestAnEditedRecordIsFoundAtTheStart(t *testing.T) {
	w := lay(t, limits(nil))
	stop := w.run()
	w.admit()
	stop()
	party := ledger.RecordKey(ref(ledger.KindParty, "buyer"))
	w.exec("UPDATE record SET value = replace(value, '\"buyer\"', '\"regulator\"') WHERE key = '" + party + "'")
	_, err := node.Open(t.Context(), w.options())
	if err == nil || !strings.Contains(err.Error(), "the record "+party+" is not what entry") || !strings.Contains(err.Error(), "newest backup") {
		t.Errorf("opened: %v", err)
	}
}

// TestAnEditedRecordIsFoundMeanwhile: someone makes the buyer a regulator in the file of
// a node that runs and has not read that record since its start; or edits the record of
// a call that is asked for by its id. The node refuses, names the record, is not ready
// and records nothing more.
func TestAnEditedRecordIsFoundMeanwhile(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, key, change string
		ask               func(*world) error
	}{
		{
			"by a call", ledger.RecordKey(ref(ledger.KindParty, "buyer")), `replace(value, '"buyer"', '"regulator"')`,
			func(w *world) error {
				_, err := w.party["buyer"].Call(w.t.Context(), ledger.FnPartySuspend, ledger.TargetArgs{
					ID: id("operator"), Answers: w.last[ref(ledger.KindParty, "operator")], Ground: "security_breach",
				})
				return err
			},
		},
		{
			"by a read", ledger.CallKey(id("authority"), id("read")), `replace(value, '"rules":1', '"rules":2')`,
			func(w *world) error {
				return w.party["authority"].Get(w.t.Context(), "/v1/calls/"+string(id("authority"))+"/"+string(id("read")), new(ledger.Recorded))
			},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := lay(t, limits(nil))
			lines := make(logged, 100)
			w.log = lines
			stop := w.run()
			w.admit()
			calendar := ledger.CalendarArgs{Year: 2030, Off: []ledger.Date{"2030-01-01"}, Work: []ledger.Date{}, Source: "国办发明电"}
			_, err := w.party["authority"].CallAs(t.Context(), id("read"), ledger.FnCalendarSet, calendar)
			w.ok(err)
			stop()
			defer w.run()()
			for name := range people() {
				w.speak(name, id(name))
			}
			if h := w.health(); !h.Ready {
				t.Fatalf("before: %+v", h)
			}
			w.exec("UPDATE record SET value = " + c.change + " WHERE key = '" + c.key + "'")
			wantUnavailable(t, c.ask(w))
			if h := w.health(); h.Ready || h.Reason != ledger.ReasonInternal {
				t.Errorf("after: %+v", h)
			}
			until(t, "the log names the record", func() bool {
				select {
				case line := <-lines:
					return strings.Contains(line, "the record "+c.key+" is not what entry")
				default:
					return false
				}
			})
			calendar.Year = 2031
			_, err = w.party["authority"].Call(t.Context(), ledger.FnCalendarSet, calendar)
			wantUnavailable(t, err)
		})
	}
}

func wantUnavailable(t *testing.T, err error) {
	t.Helper()
	if e := ledger.AsError(err); e == nil || e.Code != ledger.Unavailable {
		t.Errorf("answered: %v", err)
	}
}

// TestADamagedLedgerIsNotReady: damage that is found while the node works turns
// /readyz false and is written to the log.
func TestADamagedLedgerIsNotReady(t *testing.T) {
	w := lay(t, limits(nil))
	lines := make(logged, 100)
	w.log = lines
	stop := w.run()
	defer stop()
	if h := w.health(); !h.Ready {
		t.Fatalf("before: %+v", h)
	}
	w.exec("CREATE TRIGGER t AFTER UPDATE ON tile BEGIN UPDATE tile SET data = zeroblob(length(data)); END")
	w.exec("UPDATE tile SET data = zeroblob(length(data))")
	w.speak("authority", id("authority"))
	_, err := w.party["authority"].Call(context.Background(), ledger.FnCalendarSet, ledger.CalendarArgs{
		Year: 2030, Off: []ledger.Date{"2030-01-01"}, Work: []ledger.Date{}, Source: "国办发明电",
	})
	if e := ledger.AsError(err); err != nil && (e == nil || e.Code != ledger.Unavailable) {
		t.Fatal(err) // it is recorded, or its outcome is not known
	}
	until(t, "/readyz says that the ledger is damaged", func() bool {
		h := w.health()
		return !h.Ready && h.Reason == ledger.ReasonInternal
	})
	until(t, "the log names the damage", func() bool {
		select {
		case line := <-lines:
			return strings.Contains(line, "the ledger is damaged") && strings.Contains(line, "newest backup")
		default:
			return false
		}
	})
}

// logged is a log in memory: each line its message and the values beside it.
type logged chan string

func (logged) Enabled(context.Context, slog.Level) bool { return true }

func (l logged) Handle(_ context.Context, r slog.Record) error {
	line := r.Message
	r.Attrs(func(a slog.Attr) bool { line += " " + a.String(); return true })
	select {
	case l <- line:
	default:
	}
	return nil
}

func (l logged) WithAttrs([]slog.Attr) slog.Handler { return l }
func (l logged) WithGroup(string) slog.Handler      { return l }
