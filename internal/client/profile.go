// Package client is a client of nodes: it signs calls and tokens with the party's key and
// sends them, downloads content and checks it, and imports catalogs. It asks other nodes
// for what they have, and joins the answers.
//
// It guarantees that keys never leave this machine, that a downloaded file appears only if
// its SHA-256 is the recorded one, and that a token is sent only to the address of its
// node: the one of the profile, one given by the user, or one whose certificate is for the
// node's origin. It makes no decisions.
package client

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/datacadastre/cadastre/internal/durable"
	"github.com/datacadastre/cadastre/internal/trace"
	"github.com/datacadastre/cadastre/internal/words"
	"github.com/datacadastre/cadastre/ledger"
)

// Profile is what a party needs to act: the address of the node, the ledger, the party and
// its key. Its file contains a secret and has mode 0600.
type Profile struct {
	URL         string       `json:"url"`
	Origin      string       `json:"origin"` // audience of tokens
	Ledger      ledger.ID    `json:"ledger"`
	Party       ledger.ID    `json:"party"`
	Name        string       `json:"name,omitempty"`
	Kid         ledger.KeyID `json:"kid"`
	Key         string       `json:"key"`                   // PKCS #8 in base64url
	Environment ledger.ID    `json:"environment,omitempty"` // if set, the key belongs to this environment

	Use   ledger.KeyUse `json:"use,omitempty"`   // what the key signs; empty for calls and tokens
	Nodes []trace.Place `json:"nodes,omitempty"` // other nodes of the ledger with trusted addresses
}

// Save writes the profile durably with mode 0600, and replaces an existing file. The caller
// can register the key afterwards.
func (p Profile) Save(path string) error {
	b, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return words.Errorf("编写身份文件：%v", "encode profile: %v", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return words.Errorf("创建身份文件的文件夹：%v", "create the folder of the profile: %v", err)
	}
	if err := durable.WriteFile(path, append(b, '\n')); err != nil {
		return words.Errorf("写入身份文件：%v", "write profile: %v", err)
	}
	return nil
}

// MoveProfiles sets the node's address in every profile, *.json, of the folder to url. It
// does not write profiles that already have this address. The folder may be missing.
func MoveProfiles(folder, url string) error {
	files, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil {
		return words.Errorf("身份文件：%v", "profiles: %v", err)
	}
	for _, file := range files {
		p, err := LoadProfile(file)
		if err != nil {
			return err
		}
		if p.URL == url {
			continue
		}
		p.URL = url
		if err := p.Save(file); err != nil {
			return err
		}
	}
	return nil
}

// LoadProfile reads a profile. It refuses a file that others may read.
func LoadProfile(path string) (Profile, error) {
	var p Profile
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return p, words.Errorf("没有身份文件 %s：请用 cadastre keygen 生成，或用 --profile 另行指定", "there is no profile %s: make one with cadastre keygen, or give another with --profile", path)
	}
	if err != nil {
		return p, words.Errorf("身份文件：%v", "profile: %v", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return p, words.Errorf("身份文件 %s 可被他人读取：请对其运行 chmod 600", "profile %s can be read by others: run chmod 600 on it", path)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return p, words.Errorf("身份文件：%v", "profile: %v", err)
	}
	if err := ledger.DecodeStrict(b, &p); err != nil {
		return p, &BadProfileError{path, err}
	}
	return p, nil
}

// BadProfileError reports a file that is not a valid profile or key. It is not a refusal by
// a node, even if its cause has the type of one.
type BadProfileError struct {
	Path  string
	cause error
}

// Error names the file and the cause.
func (e *BadProfileError) Error() string { return "profile " + e.Path + ": " + e.cause.Error() }

// Unwrap returns the cause.
func (e *BadProfileError) Unwrap() error { return e.cause }

// SetKey stores a key in the profile.
func (p *Profile) SetKey(key *ledger.Key) error {
	b, err := key.Bytes()
	if err != nil {
		return words.Errorf("编写密钥：%v", "encode key: %v", err)
	}
	p.Kid, p.Key = key.ID(), base64.RawURLEncoding.EncodeToString(b)
	return nil
}

// Signer returns the key of the profile.
func (p Profile) Signer() (*ledger.Key, error) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(p.Key)
	if err != nil {
		return nil, words.Errorf("身份文件的密钥不是 base64url：请重新生成身份文件", "the profile's key is not base64url: make a new profile")
	}
	key, err := ledger.ParseKey(b)
	if err != nil {
		return nil, words.Errorf("身份文件的密钥不是本系统的密钥：请重新生成身份文件", "the profile's key is not a key of this system: make a new profile")
	}
	if key.ID() != p.Kid {
		return nil, words.Errorf("身份文件的密钥与 kid 不相符：请重新生成身份文件", "the profile's key does not match its kid: make a new profile")
	}
	return key, nil
}
