package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/datacadastre/cadastre/internal/client"
	"github.com/datacadastre/cadastre/internal/words"
	"github.com/datacadastre/cadastre/ledger"
)

// nextProfile returns the profile with the next key. It stores the profile on disk before
// the key is registered, because a party that loses its registered key is locked out.
// again reports that an earlier, interrupted rotation stored the profile.
func nextProfile(p *program, prof client.Profile) (next client.Profile, key *ledger.Key, again bool, err error) {
	file := p.Profile + ".next"
	if _, err := os.Lstat(file); err == nil {
		if next, err = client.LoadProfile(file); err != nil {
			return next, nil, true, err
		}
		if next.Party != prof.Party || next.Ledger != prof.Ledger {
			return next, nil, true, fmt.Errorf(p.say("%s 不属于该身份：请先移走它", "%s belongs to another profile: move it elsewhere first"), file)
		}
		key, err = next.Signer()
		return next, key, true, err
	}
	if key, err = ledger.NewKey(); err != nil {
		return next, nil, false, err
	}
	next = prof
	if p.checking { // nothing is registered, so nothing is stored
		return next, key, false, next.SetKey(key)
	}
	return next, key, false, errors.Join(next.SetKey(key), next.Save(file))
}

// remove deletes a file, which need not exist.
func remove(file string) error {
	if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return words.Errorf("删除文件：%v", "remove: %v", err)
	}
	return nil
}
