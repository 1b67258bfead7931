package fabric

import (
	"context"
	"fmt"
	"log/slog"
	"sync"

	"github.com/hyperledger/fabric-sdk-go/pkg/common/logging"
	"github.com/hyperledger/fabric-sdk-go/pkg/core/logging/api"
)

var logOnce sync.Once // the SDK takes one logger for the whole process

// logTo sends the SDK's log to log. It must come before anything else of the SDK.
func logTo(log *slog.Logger) { logOnce.Do(func() { logging.Initialize(provider{log}) }) }

type provider struct{ log *slog.Logger }

// GetLogger makes the logger of one of the SDK's modules.
func (p provider) GetLogger(module string) api.Logger {
	return lines{p.log.With(slog.String("module", module))}
}

// lines writes the SDK's lines lower than it thinks of them: what it calls an
// error is tried again or given up on purpose, and whoever gives up says so
// himself. Its lines are cut, because it prints whole certificates.
type lines struct{ log *slog.Logger }

const maxLine = 500

func (l lines) line(level slog.Level, text func() string) {
	ctx := context.Background()
	if !l.log.Enabled(ctx, level) {
		return
	}
	s := text()
	if len(s) > maxLine {
		s = s[:maxLine] + "…"
	}
	l.log.Log(ctx, level, "fabric", slog.String("line", s))
}

func (l lines) print(level slog.Level, v []any) {
	l.line(level, func() string { return fmt.Sprint(v...) })
}

func (l lines) printf(level slog.Level, format string, v []any) {
	l.line(level, func() string { return fmt.Sprintf(format, v...) })
}

// The SDK's interface: it knows six words for five levels, each in three forms.

func (l lines) Fatal(v ...any)            { l.print(slog.LevelError, v) }
func (l lines) Fatalf(f string, v ...any) { l.printf(slog.LevelError, f, v) }
func (l lines) Fatalln(v ...any)          { l.print(slog.LevelError, v) }
func (l lines) Panic(v ...any)            { l.print(slog.LevelError, v) }
func (l lines) Panicf(f string, v ...any) { l.printf(slog.LevelError, f, v) }
func (l lines) Panicln(v ...any)          { l.print(slog.LevelError, v) }
func (l lines) Print(v ...any)            { l.print(slog.LevelDebug, v) }
func (l lines) Printf(f string, v ...any) { l.printf(slog.LevelDebug, f, v) }
func (l lines) Println(v ...any)          { l.print(slog.LevelDebug, v) }
func (l lines) Debug(...any)              {}
func (l lines) Debugf(string, ...any)     {}
func (l lines) Debugln(...any)            {}
func (l lines) Info(v ...any)             { l.print(slog.LevelDebug, v) }
func (l lines) Infof(f string, v ...any)  { l.printf(slog.LevelDebug, f, v) }
func (l lines) Infoln(v ...any)           { l.print(slog.LevelDebug, v) }
func (l lines) Warn(v ...any)             { l.print(slog.LevelDebug, v) }
func (l lines) Warnf(f string, v ...any)  { l.printf(slog.LevelDebug, f, v) }
func (l lines) Warnln(v ...any)           { l.print(slog.LevelDebug, v) }
func (l lines) Error(v ...any)            { l.print(slog.LevelInfo, v) }
func (l lines) Errorf(f string, v ...any) { l.printf(slog.LevelInfo, f, v) }
func (l lines) Errorln(v ...any)          { l.print(slog.LevelInfo, v) }
