package torture_test

import (
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
)

// loss says what becomes of that which is not durable when the power is cut.
type loss int

const (
	dropped loss = iota // nothing of it is left
	all                 // all of it is left
	prefix              // the first part of it, in the order in which it was done
	some                // any of the writes and names
	pages               // any of the pages of 4,096 bytes
	torn                // any of the sectors of 512 bytes
	losses
)

func (l loss) String() string {
	return [...]string{"dropped", "all", "prefix", "some", "pages", "torn"}[l]
}

// cut returns the files as they may be after the power is cut: their bytes by path, or for
// files that never changed the path of their bytes.
func (d *disk) cut(l loss, r *rand.Rand) (files map[string][]byte, same map[string]string, err error) {
	folders := map[*inode]map[string]*inode{}
	names := func(f *inode) map[string]*inode {
		if folders[f] == nil {
			folders[f] = maps.Clone(f.kept)
		}
		return folders[f]
	}
	left := map[*nameOp]bool{}
	most := r.IntN(len(d.pending) + 1)
	for i, op := range d.pending {
		if op.after != nil && !op.after.done && !left[op.after] {
			continue
		}
		if l == all || l == prefix && i < most || l >= some && r.IntN(2) == 0 {
			left[op] = true
			op.apply(names(op.folder))
		}
	}
	files, same = map[string][]byte{}, map[string]string{}
	var walk func(at string, f *inode) error
	walk = func(at string, f *inode) (err error) {
		list := names(f)
		for _, name := range slices.Sorted(maps.Keys(list)) { // so that a seed repeats its cut
			each, path := list[name], filepath.Join(at, name)
			switch {
			case each.names != nil:
				files[path+"/"] = nil
				err = walk(path, each)
			case strings.HasSuffix(name, "-shm"): // shared memory: nobody reads it after a start
			case !each.loaded && len(each.pending) == 0:
				same[path] = each.base
			default:
				files[path], err = each.cut(l, r)
			}
			if err != nil {
				return err
			}
		}
		return nil
	}
	return files, same, walk("", d.top)
}

// cut returns the bytes of a file after a cut.
func (f *inode) cut(l loss, r *rand.Rand) ([]byte, error) {
	if err := f.load(); err != nil {
		return nil, err
	}
	b := slices.Clone(f.durable)
	most := r.IntN(len(f.pending) + 1)
	for i, w := range f.pending {
		switch {
		case l == all || l == prefix && i < most:
			b = w.apply(b)
		case l == dropped || l == prefix:
		case l == some || w.truncate:
			if r.IntN(2) == 0 {
				b = w.apply(b)
			}
		default:
			for _, part := range w.parts(map[loss]int64{pages: 4096, torn: 512}[l]) {
				if r.IntN(2) == 0 {
					b = part.apply(b)
				}
			}
		}
	}
	return b, nil
}

// parts splits a write where the file has borders of a size.
func (w *write) parts(size int64) (parts []*write) {
	for at, data := w.at, w.data; len(data) > 0; {
		n := min(size-at%size, int64(len(data)))
		parts = append(parts, &write{at: at, data: data[:n]})
		at, data = at+n, data[n:]
	}
	return parts
}
