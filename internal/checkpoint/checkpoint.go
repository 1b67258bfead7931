// Package checkpoint reads the checkpoints of logs (C2SP tlog-checkpoint), which are
// signed notes. It is pure, so the contract can use it.
package checkpoint

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Parse checks that msg is a checkpoint of the log with the key v, signed by that
// key, and returns its size and root. Other signatures, such as those of witnesses,
// and extension lines are ignored.
func Parse(msg []byte, v note.Verifier) (size int64, root tlog.Hash, err error) {
	n, err := note.Open(msg, note.VerifierList(v))
	if err != nil {
		return 0, root, fmt.Errorf("checkpoint: %w", err)
	}
	if name := Origin(msg); name != v.Name() {
		return 0, root, fmt.Errorf("checkpoint belongs to the log %q, not %q", name, v.Name())
	}
	return Unverified([]byte(n.Text))
}

// Unverified returns the size and root that a checkpoint states. It checks no signature,
// so its writer can state anything.
func Unverified(msg []byte) (size int64, root tlog.Hash, err error) {
	lines := strings.SplitN(string(msg), "\n", 4)
	if len(lines) < 4 { // the text ends with a newline
		return 0, root, errors.New("checkpoint has less than three lines")
	}
	size, err = strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 0 || strconv.FormatInt(size, 10) != lines[1] {
		return 0, root, fmt.Errorf("checkpoint has a bad size %q", lines[1])
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(lines[2])
	if err != nil || len(raw) != tlog.HashSize {
		return 0, root, fmt.Errorf("checkpoint has a bad root %q", lines[2])
	}
	return size, tlog.Hash(raw), nil
}

// Origin returns the name of the log that a checkpoint says it belongs to, the first
// line. It checks no signature.
func Origin(msg []byte) string {
	name, _, _ := strings.Cut(string(msg), "\n")
	return name
}

// Bare returns a checkpoint that Parse accepts without the signatures of others.
func Bare(msg []byte, v note.Verifier) ([]byte, error) {
	n, err := note.Open(msg, note.VerifierList(v))
	if err != nil {
		return nil, fmt.Errorf("checkpoint: %w", err)
	}
	s := n.Sigs[0]
	return []byte(n.Text + "\n— " + s.Name + " " + s.Base64 + "\n"), nil
}
