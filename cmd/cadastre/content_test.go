package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/datacadastre/cadastre/internal/client"
	"github.com/datacadastre/cadastre/internal/proving"
	"github.com/datacadastre/cadastre/ledger"
)

// TestContentIsNotAddedTwice: the command says before the upload that the file is already
// there. If another node has it, it is uploaded with --again only.
func TestContentIsNotAddedTwice(t *testing.T) {
	n := newNode(t)
	who, file, product := profile(t, n.URL), write(t, "data.csv", "a,b\n1,2\n"), client.NewID()
	const uploading = "call" // what this node answers to an upload
	for name, c := range map[string]struct {
		sha256, node string
		again        bool
		want         string
	}{
		"another file":        {"other", testOrigin, false, uploading},
		"at this node":        {"a,b\n1,2\n", testOrigin, false, "already content of this resource or product"},
		"at this node, again": {"a,b\n1,2\n", testOrigin, true, "already content of this resource or product"},
		"at another node":     {"a,b\n1,2\n", "other.example", false, "add --again"},
		"at another, again":   {"a,b\n1,2\n", "other.example", true, uploading},
	} {
		t.Run(name, func(t *testing.T) {
			list, err := json.Marshal(map[string]any{"items": []ledger.Content{{
				ID: client.NewID(), Subject: ledger.RefTo(ledger.KindProduct, product), SHA256: ledger.DigestOf([]byte(c.sha256)), Node: c.node, Name: "old.csv",
			}}})
			if err != nil {
				t.Fatal(err)
			}
			n.records["/v1/products/"+string(product)+"/content"] = string(list)
			args := []string{"product", "content", "add", file, "--subject", "product/" + string(product), "--profile", who, "--lang", "en"}
			if c.again {
				args = append(args, "--again")
			}
			if code, out, errs := command(t, args...); code == proving.ExitOK || out != "" || !strings.Contains(errs, c.want) {
				t.Errorf("exit %d, %q, %q", code, out, errs)
			}
		})
	}
}
