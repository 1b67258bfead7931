package node

import (
	"time"

	"github.com/datacadastre/cadastre/internal/auth"
)

// Token returns a token of the party of the node in a folder, for that node, valid for age
// (at most auth.MaxAge). A program that has it may read the node's figures. The node may be
// running.
func Token(dir string, now time.Time, age time.Duration) (string, error) {
	d := folder(dir)
	s, err := d.settings()
	if err != nil {
		return "", err
	}
	k, err := d.keys(s.Backend)
	if err != nil {
		return "", err
	}
	return auth.New(k.platform, s.Platform, NewID(), s.Origin, now, age)
}
