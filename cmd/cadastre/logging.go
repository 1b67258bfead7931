package main

import (
	"context"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/datacadastre/cadastre/internal/web"
)

// logging is how the node of serve logs.
type logging struct {
	LogFormat string     `zh:"日志格式：text 或 json（每行一个 JSON 对象）" en:"Format of the log: text, or json, one object a line." enum:"text,json" default:"text"`
	LogLevel  slog.Level `zh:"记录此级别及以上：debug、info、warn、error；运行中 SIGUSR1 在此级别与 debug 之间切换" en:"Log this level and above: debug, info, warn, error. While the node runs, SIGUSR1 changes between it and debug." default:"info" placeholder:"LEVEL"`
}

// open returns the log, and the level that it has now.
func (l logging) open(w io.Writer) (*slog.Logger, *slog.LevelVar) {
	level := &slog.LevelVar{}
	level.Set(l.LogLevel)
	return slog.New(web.WithRequestID(l.handler(w, level))), level
}

func (l logging) handler(w io.Writer, level slog.Leveler) slog.Handler {
	o := &slog.HandlerOptions{Level: level}
	if l.LogFormat == "json" {
		return slog.NewJSONHandler(w, o)
	}
	return slog.NewTextHandler(w, o)
}

// switchLevel changes the level between its first one and debug at each SIGUSR1, until ctx
// ends. Only the user who runs the node, and root, can send it.
func switchLevel(ctx context.Context, level *slog.LevelVar, log *slog.Logger) (stop func()) {
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGUSR1)
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		usual := level.Level()
		for {
			select {
			case <-asked:
			case <-ctx.Done():
				return
			}
			next := slog.LevelDebug
			if level.Level() == next {
				next = usual
			}
			level.Set(next)
			log.Log(ctx, max(next, slog.LevelWarn), "log level changed", slog.String("to", next.String()))
		}
	}()
	return func() {
		signal.Stop(asked)
		cancel()
		<-done
	}
}

// logger returns a log of events that an operator must know.
func logger(w io.Writer) *slog.Logger { return logFrom(w, slog.LevelInfo) }

// warnings returns a log of what goes wrong only: deliveries that a demonstration cuts
// on purpose are not in it.
func warnings(w io.Writer) *slog.Logger { return logFrom(w, slog.LevelWarn) }

func logFrom(w io.Writer, level slog.Level) *slog.Logger {
	log, _ := logging{LogLevel: level}.open(w)
	return log
}
