// Package client speaks to nodes: it signs calls and tokens with the party's
// own key, sends them, fetches content resumably and checks it, and imports
// catalogs. What lies at another node it asks for there, and joins the answers.
//
// It promises that keys never leave this machine, that a file appears only when
// its SHA-256 is the recorded one, and that a token goes to no address but that
// of the node it is for: the profile's, one that the user names, or one whose
// certificate is for that node's origin. It decides nothing.
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

// Profile is all that a party needs to act: where the node is, which ledger it
// keeps, who the party is, and its keys. Its file holds secrets: mode 0600.
type Profile struct {
	URL         string       `json:"url"`
	Origin      string       `json:"origin"` // audience of tokens
	Ledger      ledger.ID    `json:"ledger"`
	Party       ledger.ID    `json:"party"`
	Name        string       `json:"name,omitempty"`
	Kid         ledger.KeyID `json:"kid"`
	Key         string       `json:"key"`                   // PKCS #8 in base64url
	Environment ledger.ID    `json:"environment,omitempty"` // set: the key is that environment's

	Use   ledger.KeyUse `json:"use,omitempty"`   // what the key signs; empty: calls and tokens
	Nodes []trace.Place `json:"nodes,omitempty"` // other nodes of the ledger whose addresses are known to be right
}

// Keep writes the profile for its owner alone, durably: its key may be registered
// next. An existing file is replaced.
func (p Profile) Keep(path string) error {
	b, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return words.Errorf("编写身份文件：%v", "encode profile: %v", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return words.Errorf("创建身份文件的文件夹：%v", "make profile's folder: %v", err)
	}
	if err := durable.WriteFile(path, append(b, '\n')); err != nil {
		return words.Errorf("写入身份文件：%v", "write profile: %v", err)
	}
	return nil
}

// MoveProfiles has every profile of the folder, its *.json, name url as its node's
// address. Profiles that name it already are left alone, and so is a folder that
// is not there.
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
		if err := p.Keep(file); err != nil {
			return err
		}
	}
	return nil
}

// LoadProfile reads a profile; one that others may read is refused.
func LoadProfile(path string) (Profile, error) {
	var p Profile
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return p, words.Errorf("没有身份文件 %s：请用 cadastre keygen 生成，或用 --profile 另行指定", "there is no profile %s: make one with cadastre keygen, or name another with --profile", path)
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

// BadProfileError is a profile that is no profile. It is no refusal of a node's,
// whatever the words for what is wrong with it.
type BadProfileError struct {
	Path  string
	cause error
}

// Error names the file.
func (e *BadProfileError) Error() string { return "profile " + e.Path + ": " + e.cause.Error() }

// Unwrap is what is wrong.
func (e *BadProfileError) Unwrap() error { return e.cause }

// SetKey puts a key into the profile.
func (p *Profile) SetKey(key *ledger.Key) error {
	b, err := key.Bytes()
	if err != nil {
		return words.Errorf("编写密钥：%v", "encode key: %v", err)
	}
	p.Kid, p.Key = key.ID(), base64.RawURLEncoding.EncodeToString(b)
	return nil
}

// Signer is the profile's key.
func (p Profile) Signer() (*ledger.Key, error) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(p.Key)
	if err != nil {
		return nil, words.Errorf("身份文件的密钥不是 base64url：请重新生成身份文件", "the profile's key is not base64url: make a new one")
	}
	key, err := ledger.ParseKey(b)
	if err != nil {
		return nil, words.Errorf("身份文件的密钥不是本系统的密钥：请重新生成身份文件", "the profile's key is no key of ours: make a new one")
	}
	if key.ID() != p.Kid {
		return nil, words.Errorf("身份文件的密钥与 kid 不相符：请重新生成身份文件", "the profile's key and kid do not belong together: make a new one")
	}
	return key, nil
}
