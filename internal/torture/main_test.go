package torture_test

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/datacadastre/cadastre/internal/node"
	"github.com/datacadastre/cadastre/internal/web"
)

// The sizes of the tests.
var (
	torture = flag.Bool("torture", false, "run the tests that take minutes, as make torture does")

	cuts   = flag.Int("cuts", 6, "points at which the power is cut")
	kills  = flag.Int("kills", 2, "kills of a node under load")
	faults = flag.Int("faults", 1, "writes that fail in each way, each in a separate run; 0: every write of the story")
	crowd  = flag.Int("crowd", 100, "idle connections; a fifth as many slow readers")
	seed   = flag.Uint64("seed", 0, "seed of all random choices; 0: another one each time")
)

// The variables in the environment of a copy of the test program.
const (
	loadEnv    = "CADASTRE_TORTURE_LOAD"    // folder of a node that the copy serves under load
	storyEnv   = "CADASTRE_TORTURE_STORY"   // folder of a node that the copy tells a story
	objectsEnv = "CADASTRE_TORTURE_OBJECTS" // folder in which the copy stores objects
	serveEnv   = "CADASTRE_TORTURE_SERVE"   // folder of a node that the copy serves until it is killed
	crowdEnv   = "CADASTRE_TORTURE_CROWD"   // address at which the copy opens connections
)

func TestMain(m *testing.M) {
	for env, run := range map[string]func(string) error{loadEnv: loadUntilDone, serveEnv: serveUntilKilled, storyEnv: tellStory, objectsEnv: keepObjects, crowdEnv: beCrowd} {
		if arg := os.Getenv(env); arg != "" {
			if err := run(arg); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
			os.Exit(0)
		}
	}
	code := m.Run()
	if dir, err := scratch(); err == nil {
		_ = os.RemoveAll(dir)
	}
	os.Exit(code)
}

// scratch is a folder for what several tests use.
var scratch = sync.OnceValues(func() (string, error) { return os.MkdirTemp("", "torture-") })

// forTorture skips a test that takes long unless it was asked for.
func forTorture(t *testing.T) {
	t.Helper()
	if !*torture {
		t.Skip("make torture runs it")
	}
}

// random returns the seed of a test, which it prints, so that a failure can be repeated.
func random(t testing.TB) uint64 {
	t.Helper()
	s := *seed
	if s == 0 {
		s = uint64(time.Now().UnixNano())
	}
	fmt.Printf("%s: -seed %d\n", t.Name(), s)
	return s
}

// serveUntilKilled serves a node and prints its address. It stops without closing the
// node when its standard input ends.
func serveUntilKilled(dir string) error {
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(1)
	}()
	n, err := openNode(context.Background(), dir)
	if err != nil {
		return err
	}
	return web.New(n.Services()).Serve(context.Background(), web.Listen{Address: "127.0.0.1:0"}, func(url string) { fmt.Println(url) })
}

func openNode(ctx context.Context, dir string) (*node.Node, error) {
	return node.Open(ctx, node.Options{Dir: dir, Log: slog.New(slog.DiscardHandler), Now: time.Now, Version: "torture"})
}
