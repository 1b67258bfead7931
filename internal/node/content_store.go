package node

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/datacadastre/cadastre/internal/seal"
	"github.com/datacadastre/cadastre/internal/words"
	"github.com/datacadastre/cadastre/ledger"
	"github.com/datacadastre/cadastre/marketplace/objects"
)

// Kinds of ContentStore.
const (
	onDisk = "disk"
	inS3   = "s3"
)

// ContentStore is "objects" of node.json: where the node stores content. Without it, or
// with the kind "disk", content is stored in the folder objects/ next to node.json.
type ContentStore struct {
	Kind string `json:"kind"`
	objects.S3Config
}

// StoreCredentials sign the requests to an S3 store if node.json has no
// credentials_file.
type StoreCredentials = objects.Credentials

// ReadContentStore reads a file with the JSON of a ContentStore.
func ReadContentStore(path string) (*ContentStore, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("objects: %w", err)
	}
	var c ContentStore
	if err := ledger.DecodeStrict(b, &c); err != nil {
		return nil, fmt.Errorf("objects: %s: %w", path, err)
	}
	return &c, c.validate()
}

func (c *ContentStore) validate() error {
	switch {
	case c == nil:
		return nil
	case c.Kind == onDisk && c.S3Config != objects.S3Config{}:
		return words.Errorf("objects.kind：%q 不得有其他设置，请删去，或改为 %q", "objects.kind: %q takes no other setting: remove the others, or use %q", onDisk, inS3)
	case c.Kind == onDisk:
		return nil
	case c.Kind != inS3:
		return words.Errorf("objects.kind：%q 既不是 %q 也不是 %q", "objects.kind: %q is neither %q nor %q", c.Kind, onDisk, inS3)
	}
	form := c.S3Config
	form.Credentials = StoreCredentials{AccessKey: "given", SecretKey: "later"}
	return form.Validate()
}

// openObjects opens the store of content with the master key. Relative paths in node.json
// start at its folder.
func (d folder) openObjects(ctx context.Context, s Settings, master seal.Key, given StoreCredentials) (*objects.Store, error) {
	if s.Objects == nil || s.Objects.Kind == onDisk {
		return objects.OpenDisk(d.path("objects"), master)
	}
	return objects.OpenS3(ctx, d.s3Config(s, given), master)
}

// s3Config returns the settings of the S3 store with its credentials.
func (d folder) s3Config(s Settings, given StoreCredentials) objects.S3Config {
	c := s.Objects.S3Config
	for _, file := range []*string{&c.CredentialsFile, &c.CAFile} {
		if *file != "" && !filepath.IsAbs(*file) {
			*file = d.path(*file)
		}
	}
	c.Credentials, c.Owner = given, string(s.Platform)
	return c
}
