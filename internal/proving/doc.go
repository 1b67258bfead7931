// Package proving is the two commands that need no faith in a node: verify checks a
// bundle of evidence with the trust file alone, audit replays a whole ledger. Both
// the program of the register and the small one for courts have them.
package proving

import (
	"encoding/json"
	"io"
	"time"

	"github.com/datacadastre/cadastre/internal/client"
	"github.com/datacadastre/cadastre/internal/words"
)

// ErrUnproven is in the error where something that is claimed does not hold.
var ErrUnproven = words.Errorf("未能核验", "not proven")

// ErrUnread is in the error where part of what an audit needs could not be read.
var ErrUnread = words.Errorf("未能全部读取", "not all was read")

// Session is what a command prints to, and how.
type Session struct {
	Out, Err io.Writer
	JSON     bool
	Lang     string // zh or en
	Now      func() time.Time
	// Client makes a client for the node at url; empty: the profile's.
	Client func(url string) (*client.Client, error)
}

func (s *Session) say(zh, en string) string {
	if s.Lang == "en" {
		return en
	}
	return zh
}

func (s *Session) json(v any) error {
	e := json.NewEncoder(s.Out)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return words.Errorf("输出：%v", "print: %v", err)
	}
	return nil
}
