package main

import (
	"errors"

	"github.com/alecthomas/kong"

	"github.com/datacadastre/cadastre/internal/client"
	"github.com/datacadastre/cadastre/internal/words"
	"github.com/datacadastre/cadastre/ledger"
)

// writing is part of every command that makes a call.
type writing struct {
	Check bool `zh:"只询问该请求是否会被拒绝，不在账本上记录" en:"Ask whether the call would be refused, and record nothing on the ledger." xor:"sending"`
}

// errChecked ends a command that only checked its call.
var errChecked = errors.New("checked, not recorded")

// isChecking reports whether the command has the flag --check.
func isChecking(k *kong.Context) bool {
	for _, f := range k.Flags() {
		if f.Name == "check" && f.Target.IsValid() && f.Target.Kind().String() == "bool" {
			return f.Target.Bool()
		}
	}
	return false
}

// ask lets the node check a call, and prints that it would be recorded.
func (p *program) ask(c *client.Client, fn ledger.Function, args any) error {
	if err := c.Check(p.ctx, fn, args); err != nil {
		return err
	}
	var err error
	if p.JSON {
		err = p.json(map[string]any{"function": fn, "allowed": true})
	} else {
		err = p.line("%s%s", p.say("可以记录：", "Would be recorded: "), words.Act(p.Lang, fn))
	}
	if err != nil {
		return err
	}
	return errChecked
}
