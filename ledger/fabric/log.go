package fabric

import (
	"context"
	"fmt"
	"log/slog"
	"sync"

	"github.com/hyperledger/fabric-sdk-go/pkg/common/logging"
	"github.com/hyperledger/fabric-sdk-go/pkg/core/logging/api"
)

var logOnce sync.Once // the SDK has one logger for the whole process

// logTo sends the SDK's log to log. It must be called before any other function of
// the SDK.
func logTo(log *slog.Logger) { logOnce.Do(func() { logging.Initialize(provider{log}) }) }

type provider struct{ log *slog.Logger }

// GetLogger returns the logger of one of the SDK's modules.
func (p provider) GetLogger(module string) api.Logger {
	return sdkLogger{p.log.With(slog.String("module", module))}
}

// sdkLogger writes the SDK's messages at a lower level than the SDK: what it calls
// an error is usually retried, or is reported by our own code. Long messages are
// cut, because the SDK prints whole certificates.
type sdkLogger struct{ log *slog.Logger }

const maxLine = 500

func (l sdkLogger) line(level slog.Level, text func() string) {
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

func (l sdkLogger) print(level slog.Level, v []any) {
	l.line(level, func() string { return fmt.Sprint(v...) })
}

func (l sdkLogger) printf(level slog.Level, format string, v []any) {
	l.line(level, func() string { return fmt.Sprintf(format, v...) })
}

// The SDK's interface has six names for five levels, each in three forms.

func (l sdkLogger) Fatal(v ...any)            { l.print(slog.LevelError, v) }
func (l sdkLogger) Fatalf(f string, v ...any) { l.printf(slog.LevelError, f, v) }
func (l sdkLogger) Fatalln(v ...any)          { l.print(slog.LevelError, v) }
func (l sdkLogger) Panic(v ...any)            { l.print(slog.LevelError, v) }
func (l sdkLogger) Panicf(f string, v ...any) { l.printf(slog.LevelError, f, v) }
func (l sdkLogger) Panicln(v ...any)          { l.print(slog.LevelError, v) }
func (l sdkLogger) Print(v ...any)            { l.print(slog.LevelDebug, v) }
func (l sdkLogger) Printf(f string, v ...any) { l.printf(slog.LevelDebug, f, v) }
func (l sdkLogger) Println(v ...any)          { l.print(slog.LevelDebug, v) }
func (l sdkLogger) Debug(...any)              {}
func (l sdkLogger) Debugf(string, ...any)     {}
func (l sdkLogger) Debugln(...any)            {}
func (l sdkLogger) Info(v ...any)             { l.print(slog.LevelDebug, v) }
func (l sdkLogger) Infof(f string, v ...any)  { l.printf(slog.LevelDebug, f, v) }
func (l sdkLogger) Infoln(v ...any)           { l.print(slog.LevelDebug, v) }
func (l sdkLogger) Warn(v ...any)             { l.print(slog.LevelDebug, v) }
func (l sdkLogger) Warnf(f string, v ...any)  { l.printf(slog.LevelDebug, f, v) }
func (l sdkLogger) Warnln(v ...any)           { l.print(slog.LevelDebug, v) }
func (l sdkLogger) Error(v ...any)            { l.print(slog.LevelInfo, v) }
func (l sdkLogger) Errorf(f string, v ...any) { l.printf(slog.LevelInfo, f, v) }
func (l sdkLogger) Errorln(v ...any)          { l.print(slog.LevelInfo, v) }
