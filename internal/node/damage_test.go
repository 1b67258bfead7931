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
	w := lay(t, node.DefaultLimits())
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

// TestADamagedLedgerIsNotReady: damage that is found while the node works turns
// /readyz false and is written to the log.
func TestADamagedLedgerIsNotReady(t *testing.T) {
	w := lay(t, node.DefaultLimits())
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
