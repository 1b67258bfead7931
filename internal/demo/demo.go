// Package demo tells the whole story of Cadastre on a fresh node, in real time
// and through the HTTP API alone, as its parties would: registration, license,
// supply, product, order, delivery, trace and proof. Every refusal in it is
// wanted and checked; if one step goes otherwise, the demonstration fails.
package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/datacadastre/cadastre/internal/client"
	"github.com/datacadastre/cadastre/internal/node"
	"github.com/datacadastre/cadastre/internal/words"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/evidence"
)

// Options say what is told, and where it is kept.
type Options struct {
	Dir       string // of the node and the profiles
	Catalogue string // file whose every record is registered; empty: none
	Product   string // file that is sold and delivered; empty: generated telemetry
	Listen    string
	Objects   *node.ContentStore    // where content is kept; nil: in the folder
	Store     node.StoreCredentials // of an S3 store, where Objects names no file
	Shared    *Shared               // ledger to join; nil: one of the node's own
	English   bool
	Version   string
	Out       io.Writer // the story
	Log       *slog.Logger
	Now       func() time.Time
	// Checkers of proofs, by kind; that of the embedded ledger is known.
	Checkers map[string]evidence.Checker
	// Verify checks a bundle offline; nil error when all that it claims holds.
	Verify func(bundle, trust []byte) error
}

// Result is what the demonstration came to.
type Result struct {
	Registered   int               `json:"registered"` // of the catalogue
	Duplicates   int               `json:"duplicates"`
	Doubles      []string          `json:"duplicate_titles"`
	Returned     int               `json:"returned"`
	Refused      int               `json:"refused"`
	Objected     int               `json:"objected"`
	Supplies     int               `json:"supplies"`
	Orders       int               `json:"orders"`
	Deliveries   int               `json:"deliveries"`
	Denied       int               `json:"denied"`
	Receipts     int               `json:"receipts"`
	SHA256       ledger.Digest     `json:"sha256"`
	Bundle       string            `json:"bundle"`
	Trust        string            `json:"trust"`
	Order        ledger.ID         `json:"order"`
	Receipt      ledger.ID         `json:"receipt"`
	Code         string            `json:"code"`
	Profiles     map[string]string `json:"profiles"`
	LedgerSize   int64             `json:"ledger_size"` // entries; of a shared ledger blocks
	ReceiptsSize int64             `json:"receipts_size"`
	Seconds      float64           `json:"seconds"`
}

// story is the demonstration under way.
type story struct {
	Options
	ctx    context.Context //nolint:containedctx // one demonstration, one context
	node   *node.Node
	origin string // of the node
	url    string
	stop   func() error // the server
	cast   map[string]*actor
	result Result

	code0     string // of the main resource
	telemetry ledger.ID
	traffic   ledger.ID
	license   ledger.ID
	scenario  ledger.ID
	product   ledger.Product
	content   ledger.Content
	order     ledger.ID
}

// actor is a party with its own key and client.
type actor struct {
	*client.Client
	name  string
	id    ledger.ID
	party ledger.PartyProfile
	key   *ledger.Key
}

// Run makes a node in the folder and tells the story. The node is closed when
// it returns; serve goes on with it afterwards. The profiles then name the address
// where it is served again: that of Listen, or 127.0.0.1:8480 where that has no port.
func Run(ctx context.Context, o Options) (Result, error) {
	start := o.Now()
	s := &story{Options: o, ctx: ctx, cast: map[string]*actor{}}
	s.result.Profiles, s.result.Doubles = map[string]string{}, []string{}
	err := s.open()
	if err == nil {
		err = s.tell()
	}
	if s.node != nil {
		err = errors.Join(err, s.close())
	}
	s.result.Seconds = o.Now().Sub(start).Seconds()
	if err == nil {
		err = client.MoveProfiles(filepath.Join(o.Dir, "profiles"), s.address())
	}
	if err != nil {
		return s.result, words.Errorf("演示：%v", "demonstration: %v", err)
	}
	return s.result, os.WriteFile(filepath.Join(o.Dir, "complete"), []byte("demo\n"), 0o600)
}

// Complete reports whether a folder holds a demonstration that was told to its end.
func Complete(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "complete"))
	return err == nil
}

func (s *story) tell() error {
	for _, chapter := range []func() error{
		s.admission, s.registration, s.catalogue, s.licensing, s.supply, s.selling,
		s.delivery, s.cut, s.proof, s.count,
	} {
		if err := chapter(); err != nil {
			return err
		}
		if err := s.ctx.Err(); err != nil {
			return err
		}
	}
	return nil
}

// say tells one line in the user's language.
func (s *story) say(zh, en string, args ...any) {
	text := zh
	if s.English {
		text = en
	}
	fmt.Fprintf(s.Out, text+"\n", args...)
}

// roles are what people call roles.
func (s *story) roles(list []ledger.Role) string {
	var all []string
	for _, r := range list {
		all = append(all, words.EnumWord(s.lang(), "roles", r))
	}
	return strings.Join(all, words.Of(s.lang(), ledger.Words{ZH: "、", EN: ", "}))
}

func (s *story) now() ledger.Millis { return ledger.Millis(s.Now().UnixMilli()) }

// today is the day in Asia/Shanghai.
func (s *story) today() ledger.Date { return day(s.Now()) }

func day(t time.Time) ledger.Date {
	return ledger.Date(t.In(time.FixedZone("CST", 8*60*60)).Format(time.DateOnly))
}

// do sends a call that must be recorded.
func (s *story) do(who string, fn ledger.Function, args any) (client.Outcome, error) {
	out, err := s.cast[who].Call(s.ctx, fn, args)
	if err != nil {
		return out, fmt.Errorf("%s, %s: %w", who, fn, err)
	}
	return out, nil
}

// wanted checks that something was refused for the reason that it must be.
func wanted(err error, reason ledger.Reason) error {
	if e := ledger.AsError(err); e != nil && e.Reason == reason {
		return nil
	}
	return words.Errorf("本应以 %s 为由拒绝，但：%v", "a refusal with reason %s was due, but: %v", reason, errors.Join(err, errNoRefusal))
}

var errNoRefusal = words.Errorf("实际并非如此", "it went otherwise")

// digest stands for a document of the demonstration.
func digest(text string) ledger.Digest { return ledger.DigestOf([]byte(text)) }

func salted(text string) ledger.Salted {
	var b [16]byte
	copy(b[:], digest(text+" salt"))
	return ledger.Salt(b, text)
}
