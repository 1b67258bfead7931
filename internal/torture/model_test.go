package torture_test

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// hexed writes a text as strace does with -xx.
func hexed(s string) string {
	var b strings.Builder
	for i := range len(s) {
		b.WriteString(`\x` + string("0123456789abcdef"[s[i]>>4]) + string("0123456789abcdef"[s[i]&15]))
	}
	return b.String()
}

// traceOf writes the lines of a trace: what stands between ' is a text, between < and >
// the path of a descriptor.
func traceOf(lines ...string) string {
	var b strings.Builder
	for _, line := range lines {
		parts := strings.Split(line, "'")
		for i := range parts {
			if i%2 == 1 {
				parts[i] = `"` + hexed(parts[i]) + `"`
				continue
			}
			for from, to, found := strings.Cut(parts[i], "<"); found; from, to, found = strings.Cut(to, "<") {
				path, rest, _ := strings.Cut(to, ">")
				if strings.HasPrefix(path, "/") {
					parts[i] = strings.Replace(parts[i], "<"+path+">", "<"+hexed(path)+">", 1)
				}
				_, to = from, rest
			}
		}
		b.WriteString(strings.Join(parts, "") + "\n")
	}
	return b.String()
}

// TestTheModelOfADisk holds the model of a disk against what a kernel promises.
func TestTheModelOfADisk(t *testing.T) {
	for _, c := range []struct {
		name  string
		trace []string
		want  map[loss]string // the files "name=bytes", sorted
	}{
		{"a write that is not synced", []string{
			`1 pwrite64(3</d/old>, 'new', 3, 0) = 3`,
		}, map[loss]string{dropped: "old=was", all: "old=new"}},
		{"a write that is synced", []string{
			`1 pwrite64(3</d/old>, 'new', 3, 0) = 3`, `1 fsync(3</d/old>) = 0`,
		}, map[loss]string{dropped: "old=new", all: "old=new"}},
		{"a sync that failed", []string{
			`1 pwrite64(3</d/old>, 'new', 3, 0) = 3`, `1 fsync(3</d/old>) = -1 EIO (Input/output error)`,
		}, map[loss]string{dropped: "old=was"}},
		{"a write that began after the sync did", []string{
			`1 fsync(3</d/old> <unfinished ...>`, `2 pwrite64(3</d/old>, 'new', 3, 0) = 3`, `1 <... fsync resumed>)            = 0`,
		}, map[loss]string{dropped: "old=was", all: "old=new"}},
		{"a new file whose folder is not synced", []string{
			`1 openat(AT_FDCWD</>, '/d/f', O_WRONLY|O_CREAT, 0600) = 4</d/f>`, `1 write(4</d/f>, 'ab', 2) = 2`, `1 write(4</d/f>, 'cd', 2) = 2`, `1 fsync(4</d/f>) = 0`,
		}, map[loss]string{dropped: "old=was", all: "f=abcd old=was"}},
		{"a new file", []string{
			`1 openat(AT_FDCWD</>, '/d/f', O_WRONLY|O_CREAT, 0600) = 4</d/f>`, `1 write(4</d/f>, 'ab', 2) = 2`, `1 fsync(4</d/f>) = 0`, `1 fsync(5</d>) = 0`,
		}, map[loss]string{dropped: "f=ab old=was"}},
		{"a name before its bytes", []string{
			`1 openat(AT_FDCWD</>, '/d/f', O_WRONLY|O_CREAT, 0600) = 4</d/f>`, `1 write(4</d/f>, 'ab', 2) = 2`, `1 fsync(5</d>) = 0`,
		}, map[loss]string{dropped: "f= old=was"}},
		{"a rename into a folder that is synced", []string{
			`1 mkdirat(5</d>, 'sub', 0700) = 0`, `1 fsync(5</d>) = 0`,
			`1 renameat(5</d>, 'old', 6</d/sub>, 'new') = 0`, `1 fsync(6</d/sub>) = 0`,
		}, map[loss]string{dropped: "old=was sub/ sub/new=was", all: "sub/ sub/new=was"}},
		{"a rename whose old folder is synced", []string{
			`1 mkdirat(5</d>, 'sub', 0700) = 0`, `1 fsync(5</d>) = 0`,
			`1 renameat(5</d>, 'old', 6</d/sub>, 'new') = 0`, `1 fsync(5</d>) = 0`,
		}, map[loss]string{dropped: "old=was sub/", all: "sub/ sub/new=was"}},
		{"a file that is removed", []string{
			`1 unlink('/d/old') = 0`,
		}, map[loss]string{dropped: "old=was", all: ""}},
		{"a file that is cut", []string{
			`1 ftruncate(3</d/old>, 1) = 0`, `1 fsync(3</d/old>) = 0`, `1 pwrite64(3</d/old>, 'x', 1, 3) = 1`,
		}, map[loss]string{dropped: "old=w", all: "old=w\x00\x00x"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			base := t.TempDir()
			ok(t, os.WriteFile(filepath.Join(base, "old"), []byte("was"), 0o600))
			d, err := newDisk("/d", base)
			ok(t, err)
			ok(t, readTrace(strings.NewReader(traceOf(c.trace...)), d.enter, d.leave))
			for l, want := range c.want {
				if got := d.after(t, l); got != want {
					t.Errorf("%s: %q, want %q", l, got, want)
				}
			}
			for seed := range uint64(50) { // each loss can be drawn
				if _, _, err := d.cut(loss(seed%uint64(losses)), rand.New(rand.NewPCG(seed, 0))); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// after lists the files after a cut.
func (d *disk) after(t *testing.T, l loss) string {
	t.Helper()
	files, same, err := d.cut(l, rand.New(rand.NewPCG(1, 1)))
	ok(t, err)
	for path, from := range same {
		b, err := os.ReadFile(from)
		ok(t, err)
		files[path] = b
	}
	var list []string
	for path, b := range files {
		if strings.HasSuffix(path, "/") {
			list = append(list, path)
		} else {
			list = append(list, path+"="+string(b))
		}
	}
	slices.Sort(list)
	return strings.Join(list, " ")
}
