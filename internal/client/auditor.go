package client

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/datacadastre/cadastre/internal/cosign"
	"github.com/datacadastre/cadastre/internal/durable"
	"github.com/datacadastre/cadastre/internal/words"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/ledger/evidence"
)

// AuditorKey is an auditor's key and what it has signed, stored in a file of mode 0600. With
// Last a caller can refuse to sign a log that does not continue the one signed before.
type AuditorKey struct {
	Key    string `json:"key"`              // secret, in the form of package cosign
	Signed []Tree `json:"signed,omitempty"` // the last tree of each log

	path string
	key  *cosign.Key
}

// Tree is the state of a log that was signed: the number of entries and their root.
type Tree struct {
	Origin string        `json:"origin"` // of the log
	Size   int64         `json:"size"`
	Root   ledger.Digest `json:"root_sha256"`
}

// Last returns the tree of a log that was signed last, or a zero Tree.
func (a *AuditorKey) Last(origin string) Tree {
	for _, t := range a.Signed {
		if t.Origin == origin {
			return t
		}
	}
	return Tree{}
}

// NewAuditorKey makes a key with a name and writes it to a new file.
func NewAuditorKey(path, name string) (*AuditorKey, error) {
	skey, err := cosign.NewKey(name)
	if err != nil {
		return nil, err
	}
	a := &AuditorKey{Key: skey, path: path}
	if a.key, err = cosign.ParseKey(skey); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, words.Errorf("创建密钥的文件夹：%v", "create the folder of the key: %v", err)
	}
	return a, a.save()
}

// LoadAuditorKey reads the file of an auditor's key. It refuses a file that others may read.
func LoadAuditorKey(path string) (*AuditorKey, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, words.Errorf("没有密钥 %s：请用 cadastre keygen --use cosign 生成", "there is no key %s: make one with cadastre keygen --use cosign", path)
	}
	if err != nil {
		return nil, words.Errorf("审计方的密钥：%v", "auditor's key: %v", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, words.Errorf("密钥 %s 可被他人读取：请对其运行 chmod 600", "key %s can be read by others: run chmod 600 on it", path)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, words.Errorf("审计方的密钥：%v", "auditor's key: %v", err)
	}
	a := &AuditorKey{path: path}
	if err := ledger.DecodeStrict(b, a); err != nil {
		return nil, &BadProfileError{path, err}
	}
	if a.key, err = cosign.ParseKey(a.Key); err != nil {
		return nil, &BadProfileError{path, err}
	}
	return a, nil
}

func (a *AuditorKey) save() error {
	b, err := json.MarshalIndent(a, "", "  ")
	if err != nil {
		return words.Errorf("编写密钥：%v", "encode key: %v", err)
	}
	if err := durable.WriteFile(a.path, append(b, '\n')); err != nil {
		return words.Errorf("写入密钥：%v", "write key: %v", err)
	}
	return nil
}

// Name returns the name of the key.
func (a *AuditorKey) Name() string { return a.key.Name() }

// VKey returns the verifier key, as a trust file lists it.
func (a *AuditorKey) VKey() string { return a.key.VKey() }

// Cosign adds the auditor's cosignature to a checkpoint of the tree. It records the tree in
// the file before it returns.
func (a *AuditorKey) Cosign(checkpoint []byte, tree Tree, at time.Time) ([]byte, error) {
	signed, err := a.key.Cosign(checkpoint, at)
	if err != nil {
		return nil, err
	}
	a.Signed = append(slices.DeleteFunc(a.Signed, func(t Tree) bool { return t.Origin == tree.Origin }), tree)
	return signed, a.save()
}

// Cosign sends a cosigned checkpoint to the node, which stores it for its bundles.
func (c *Client) Cosign(ctx context.Context, vkey string, checkpoint []byte) error {
	body := map[string]string{"key": vkey, "checkpoint": string(checkpoint)}
	return c.do(ctx, http.MethodPost, "/v1/cosignatures", true, body, nil)
}

// AsAuditor returns the entry of the key in a trust file.
func (a *AuditorKey) AsAuditor() evidence.Auditor {
	return evidence.Auditor{Name: a.Name(), Key: a.VKey()}
}
