package backup

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"strings"

	"github.com/datacadastre/cadastre/internal/words"
)

// Pruned is what Prune removed.
type Pruned struct {
	Removed []string `json:"removed"` // ids of copies
	Objects int64    `json:"objects"` // blobs of content that no remaining copy has
	Bytes   int64    `json:"bytes"`   // of these
}

// Prune removes all copies of the same node and ledger as the copy with the id, except the
// newest, and then the content that no remaining copy has, of any node. It needs no key. At
// least one copy is retained.
func (t *Target) Prune(ctx context.Context, id string, retain int) (Pruned, error) {
	done := Pruned{Removed: []string{}}
	if retain < 1 {
		return done, words.Errorf("至少须保留一份备份", "at least one backup must be retained")
	}
	list, err := t.List(ctx)
	if err != nil {
		return done, err
	}
	for _, l := range list {
		if l.Err != nil {
			return done, l.Err
		}
	}
	i := slices.IndexFunc(list, func(l Listed) bool { return l.ID == id })
	if i < 0 {
		return done, words.Errorf("%v 中没有完整的备份 %s", "%v has no complete backup %s", t, id)
	}
	own := slices.DeleteFunc(slices.Clone(list), func(l Listed) bool { return l.Origin != list[i].Origin || l.Ledger != list[i].Ledger })
	old := own[:max(0, len(own)-retain)]
	all, err := t.names(ctx)
	if err != nil {
		return done, err
	}
	for _, l := range old {
		if err := t.removeFiles(ctx, l.ID, all[l.ID]); err != nil {
			return done, err
		}
		done.Removed = append(done.Removed, l.ID)
	}
	needed := map[string]struct{}{}
	for _, l := range list {
		if slices.Contains(done.Removed, l.ID) {
			continue
		}
		if err := t.needed(ctx, l.ID, needed); err != nil {
			return done, err
		}
	}
	return done, t.removeContent(ctx, needed, &done)
}

// needed adds the content of a copy. A list that can't be read ends the removal: nothing
// is removed that it may name.
func (t *Target) needed(ctx context.Context, id string, needed map[string]struct{}) error {
	r, err := t.at.open(ctx, of(id, objectsFile))
	if errors.Is(err, errMissing) {
		return lost(id, objectsFile)
	}
	if err != nil {
		return err
	}
	h, ended := sha256.New(), false
	s := bufio.NewScanner(whileRuns{ctx, r})
	for s.Scan() && !ended {
		if sum, ok := strings.CutPrefix(s.Text(), endMark); ok {
			ended = sum == hex.EncodeToString(h.Sum(nil))
			break
		}
		l, ok := parseLine(s.Text())
		if !ok {
			break
		}
		h.Write(append(s.Bytes(), '\n'))
		needed[contentName(l.name)] = struct{}{}
	}
	if err := errors.Join(s.Err(), r.Close()); err != nil {
		return words.Errorf("读取备份 %s 的内容清单：%v", "read the content of backup %s: %v", id, err)
	}
	if !ended {
		return changed(id, objectsFile)
	}
	return nil
}

func (t *Target) removeContent(ctx context.Context, needed map[string]struct{}, done *Pruned) error {
	type blob struct {
		name  string
		bytes int64
	}
	var gone []blob
	err := t.at.list(ctx, contentPart, func(name string, bytes int64) error {
		if _, ok := needed[name]; !ok {
			gone = append(gone, blob{name, bytes})
		}
		return nil
	})
	if err != nil {
		return words.Errorf("列出内容：%v", "list content: %v", err)
	}
	for _, b := range gone {
		if err := t.at.remove(ctx, b.name); err != nil && !errors.Is(err, errMissing) {
			return words.Errorf("删除内容：%v", "remove content: %v", err)
		}
		done.Objects++
		done.Bytes += b.bytes
	}
	return nil
}
