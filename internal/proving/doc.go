// Package proving has the two commands that do not rely on a node: verify checks a
// bundle of evidence with only the trust file, audit replays a whole ledger. The
// program of the register and the small program for courts both have these commands.
package proving

import (
	"encoding/json"
	"io"
	"time"

	"github.com/datacadastre/cadastre/internal/client"
	"github.com/datacadastre/cadastre/internal/words"
)

// ErrUnproven is wrapped by the error when something claimed is not proved.
var ErrUnproven = words.Errorf("未能核验", "not proven")

// ErrUnread is wrapped by the error when part of what an audit needs could not be read.
var ErrUnread = words.Errorf("未能全部读取", "not all was read")

// Session has the output and the settings of a command.
type Session struct {
	Out, Err io.Writer
	JSON     bool
	Lang     string // zh or en
	Now      func() time.Time
	// Client returns a client for the node at url; an empty url means the profile's
	// node.
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
