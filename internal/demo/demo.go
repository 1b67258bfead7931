// Package demo plays the whole story of Cadastre on a new node, in real time and only
// through the HTTP API, as its parties would: registration, license, supply, product,
// order, delivery, trace and proof. Every refusal in it is intended and checked; if a
// step has another result, the demonstration fails.
package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/datacadastre/cadastre/internal/client"
	"github.com/datacadastre/cadastre/internal/durable"
	"github.com/datacadastre/cadastre/internal/node"
	"github.com/datacadastre/cadastre/internal/words"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/evidence"
)

// Options say what to play, and where to store it.
type Options struct {
	Dir       string // folder of the node and the profiles
	Catalogue string // file whose records are all registered; empty: no import
	Product   string // file that is sold and delivered; empty: generated telemetry
	Listen    string
	Objects   *node.ContentStore    // where content is stored; nil: in the folder
	Store     node.StoreCredentials // of an S3 store, if Objects names no file
	Shared    *Shared               // ledger to join; nil: the node creates one
	English   bool
	Version   string
	Out       io.Writer // receives the story
	Log       *slog.Logger
	Now       func() time.Time
	// Checkers check proofs, by kind of ledger; the embedded ledger's checker is built
	// in.
	Checkers map[string]evidence.Checker
	// Verify checks a bundle offline; it returns nil if all its claims are proved.
	Verify func(bundle, trust []byte) error
}

// Result is the result of the demonstration.
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
	LedgerSize   int64             `json:"ledger_size"` // entries; blocks of a shared ledger
	ReceiptsSize int64             `json:"receipts_size"`
	Seconds      float64           `json:"seconds"`
}

// story is a running demonstration.
type story struct {
	Options
	ctx    context.Context //nolint:containedctx // one demonstration, one context
	node   *node.Node
	origin string // of the node
	url    string
	stop   func() error // stops the server
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

// actor is a party with its key and client.
type actor struct {
	*client.Client
	name  string
	id    ledger.ID
	party ledger.PartyProfile
	key   *ledger.Key
}

// Run creates a node in the folder and plays the story. It closes the node before it
// returns; serve can open it again. The profiles name the address at which the node is
// then served: Listen, or 127.0.0.1:8480 if Listen has no port.
func Run(ctx context.Context, o Options) (Result, error) {
	start := o.Now()
	s := &story{Options: o, ctx: ctx, cast: map[string]*actor{}}
	s.result.Profiles, s.result.Doubles = map[string]string{}, []string{}
	err := s.open()
	if err == nil {
		err = s.play()
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
	done, err := json.Marshal(s.result)
	if err != nil {
		return s.result, words.Errorf("演示结果：%v", "result of the demonstration: %v", err)
	}
	return s.result, durable.WriteFile(filepath.Join(o.Dir, complete), append(done, '\n'))
}

// complete is the file with the result of a demonstration that reached its end.
const complete = "complete"

// Complete returns the result of the demonstration in a folder, and whether it reached
// its end.
func Complete(dir string) (Result, bool) {
	var r Result
	b, err := os.ReadFile(filepath.Join(dir, complete))
	if err != nil || json.Unmarshal(b, &r) != nil {
		return Result{}, false
	}
	r.Bundle, r.Trust = filepath.Join(dir, filepath.Base(r.Bundle)), filepath.Join(dir, filepath.Base(r.Trust)) // it may have moved
	for who, file := range r.Profiles {
		r.Profiles[who] = filepath.Join(dir, "profiles", filepath.Base(file))
	}
	return r, true
}

func (s *story) play() error {
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

// say prints one line in the user's language.
func (s *story) say(zh, en string, args ...any) {
	text := zh
	if s.English {
		text = en
	}
	fmt.Fprintf(s.Out, text+"\n", args...)
}

// roles returns the names of roles in the user's language.
func (s *story) roles(list []ledger.Role) string {
	var all []string
	for _, r := range list {
		all = append(all, words.EnumWord(s.lang(), "roles", r))
	}
	return strings.Join(all, words.Of(s.lang(), ledger.Words{ZH: "、", EN: ", "}))
}

func (s *story) now() ledger.Millis { return ledger.Millis(s.Now().UnixMilli()) }

// today returns the current day in Asia/Shanghai.
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

// wantRefusal checks that err is a refusal with the reason.
func wantRefusal(err error, reason ledger.Reason) error {
	if e := ledger.AsError(err); e != nil && e.Reason == reason {
		return nil
	}
	return words.Errorf("本应以 %s 为由拒绝，但：%v", "expected a refusal with reason %s, but: %v", reason, errors.Join(err, errNoRefusal))
}

var errNoRefusal = words.Errorf("实际并非如此", "it was not refused")

// digest returns the hash of a document of the demonstration.
func digest(text string) ledger.Digest { return ledger.DigestOf([]byte(text)) }

func salted(text string) ledger.Salted {
	var b [16]byte
	copy(b[:], digest(text+" salt"))
	return ledger.Salt(b, text)
}
