package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"
)

func write(file, text string) error {
	return os.WriteFile(file, []byte(text), 0o600) //nolint:gosec // in the folder of this run
}

// set sets a member of node.json while the node does not run; a nil value removes it.
func (n *node) set(section, name string, value any) error {
	file := n.path("node", "node.json")
	b, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	all := map[string]any{}
	if err := json.Unmarshal(b, &all); err != nil {
		return err
	}
	part, _ := all[section].(map[string]any)
	if part == nil && value == nil {
		return nil
	}
	if part == nil {
		part = map[string]any{}
	}
	if part[name] = value; value == nil {
		delete(part, name)
	}
	if all[section] = part; len(part) == 0 {
		delete(all, section)
	}
	if b, err = json.MarshalIndent(all, "", "  "); err != nil {
		return err
	}
	return os.WriteFile(file, b, 0o600)
}

// guess signs calls in another party's name with another key, under an id that the
// party has used and under one that it has not. It returns 1 if the answers differ: then a
// stranger learns what was called.
func guess(ctx context.Context, n *node) (float64, error) {
	const used, unused = "01890000-0000-7000-8000-000000000001", "01890000-0000-7000-8000-000000000002"
	args := n.path("args.json")
	if err := write(args, `{"sha256":"`+strings.Repeat("a", 64)+`","bytes":1}`); err != nil {
		return 0, err
	}
	if _, err := n.as(ctx, "holder", "call", "deposit", args, "--id", used); err != nil {
		return 0, err
	}
	victim, err := n.identity("holder")
	if err != nil {
		return 0, err
	}
	own, err := n.identity("buyer")
	if err != nil {
		return 0, err
	}
	b, err := os.ReadFile(n.profile("buyer"))
	if err != nil {
		return 0, err
	}
	if err := write(n.profile("stranger"), strings.Replace(string(b), own.Party, victim.Party, 1)); err != nil {
		return 0, err
	}
	_, known := n.as(ctx, "stranger", "call", "deposit", args, "--id", used)
	_, unknown := n.as(ctx, "stranger", "call", "deposit", args, "--id", unused)
	if known == nil || unknown == nil {
		return 0, errors.New("a call in another party's name was recorded")
	}
	if known.Error() != unknown.Error() {
		return 1, nil
	}
	return 0, nil
}

// raw adds a file that was supplied under a license to a product, unchanged, and returns 1
// if the node allows it.
func raw(ctx context.Context, n *node) (float64, error) {
	product, err := n.product(ctx)
	if err != nil {
		return 0, err
	}
	if _, err = n.as(ctx, "operator", "product", "content", "add", n.path("node", "environment", "telemetry.csv"), "--subject", "product/"+product); err != nil {
		return 0, refused(err)
	}
	return 1, nil
}

// claim records a product's file, by its public hash and without uploading anything, as
// content of the resource of a holder that has nothing to do with the product. It returns
// 1 if the product is no longer delivered.
func claim(ctx context.Context, n *node) (float64, error) {
	s, err := n.sell(ctx)
	if err != nil {
		return 0, err
	}
	holder, err := n.identity("transport")
	if err != nil {
		return 0, err
	}
	var contents struct {
		Items []struct {
			Object, SHA256, Node string
			Bytes                json.Number
		}
	}
	var found struct {
		Resources []struct {
			Resource string
			Holder   struct{ ID string }
		}
	}
	err = errors.Join(n.read(ctx, "/v1/products/"+s.product+"/content", &contents, "Authorization", s.bearer), n.read(ctx, "/v1/resources", &found))
	if err != nil {
		return 0, err
	}
	for _, c := range contents.Items {
		if !strings.HasSuffix(s.path, "/"+c.Object) {
			continue
		}
		for i, r := range found.Resources {
			if r.Holder.ID != holder.Party {
				continue
			}
			args := n.path("args.json")
			if err := write(args, fmt.Sprintf(`{"id":"01890000-0000-7000-8000-%012d","subject":"resource/%s","object":"%032d","sha256":"%s","bytes":%s,"ingest_receipt":"%064d","node":"%s","name":"x"}`,
				i, r.Resource, i, c.SHA256, c.Bytes, i, c.Node)); err != nil {
				return 0, err
			}
			if _, err := n.as(ctx, "transport", "call", "content.add", args); err != nil {
				return 0, err
			}
			code, _, err := n.status(ctx, http.MethodHead, s.path, "Authorization", s.bearer)
			if err != nil || code == http.StatusOK {
				return 0, err
			}
			return 1, nil
		}
	}
	return 0, errors.New("the holder has no resource, or the product no such content")
}

// refused returns nil for a refusal by the node (exit code 3), else the error.
func refused(err error) error {
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) && exit.ExitCode() == 3 {
		return nil
	}
	return err
}

// again fetches what it has fetched, and returns how many receipts that made.
func again(ctx context.Context, n *node) (float64, error) {
	s, err := n.sell(ctx)
	if err != nil {
		return 0, err
	}
	object := s.path[strings.LastIndexByte(s.path, '/')+1:]
	file := n.path("fetched.bin")
	if _, err := n.as(ctx, s.buyer, "fetch", s.order, "--object", object, "--output", file); err != nil {
		return 0, err
	}
	before, err := n.receipts(ctx)
	if err != nil {
		return 0, err
	}
	if _, err := n.as(ctx, s.buyer, "fetch", s.order, "--object", object, "--output", file); err != nil {
		return 0, err
	}
	after, err := n.receipts(ctx)
	return after - before, err
}

// foreign fetches to a name beside which another file's .part lies, twice, and returns how
// often that failed.
func foreign(ctx context.Context, n *node) (failed float64, err error) {
	s, err := n.sell(ctx)
	if err != nil {
		return 0, err
	}
	object := s.path[strings.LastIndexByte(s.path, '/')+1:]
	for i, size := range []int64{1000, 2 * n.size} {
		file := n.path(fmt.Sprintf("foreign-%d", i))
		if _, err := n.file(fmt.Sprintf("foreign-%d.part", i), size); err != nil {
			return 0, err
		}
		if _, err := n.as(ctx, s.buyer, "fetch", s.order, "--object", object, "--output", file); err != nil {
			failed++
		}
	}
	return failed, nil
}

// closed sends a call to a port that nobody listens on, and returns after how many seconds
// that is said.
func closed(ctx context.Context, n *node) (float64, error) {
	args := n.path("args.json")
	if err := write(args, `{"sha256":"`+strings.Repeat("b", 64)+`","bytes":1}`); err != nil {
		return 0, err
	}
	if err := n.stop(); err != nil {
		return 0, err
	}
	begin := time.Now()
	if _, err := n.as(ctx, "holder", "call", "deposit", args); err == nil {
		return 0, errors.New("a call to a node that does not run succeeded")
	}
	return time.Since(begin).Seconds(), nil
}

// habits returns how many small promises of HTTP and of the API are broken.
func habits(ctx context.Context, n *node) (broken float64, err error) {
	s, err := n.sell(ctx)
	if err != nil {
		return 0, err
	}
	code, header, err := n.status(ctx, http.MethodHead, s.path, "Authorization", s.bearer)
	if err != nil || code != http.StatusOK {
		return 0, errors.Join(fmt.Errorf("HEAD of content: %d", code), err)
	}
	for _, c := range []struct {
		method, path string
		header       []string
		holds        func(code int, h http.Header) bool
	}{
		{"GET", s.path, []string{"Authorization", s.bearer, "If-None-Match", header.Get("ETag")}, is(http.StatusNotModified)},
		{"GET", s.path, []string{"Authorization", s.bearer, "Range", "Bytes=0-9"}, is(http.StatusPartialContent)},
		{"PUT", "/v1/about", nil, func(code int, h http.Header) bool {
			return code == http.StatusMethodNotAllowed && h.Get("Allow") != ""
		}},
		{"GET", "/", nil, func(_ int, h http.Header) bool {
			return strings.Contains(strings.Join(h.Values("Vary"), ","), "Accept-Language")
		}},
		{"GET", "/favicon.ico", nil, is(http.StatusOK, http.StatusNoContent)},
		{"GET", "/v1/products?operator=01890000-0000-7000-8000-000000000009", nil, is(http.StatusNotFound)},
	} {
		code, h, err := n.status(ctx, c.method, c.path, c.header...)
		if err != nil {
			return broken, err
		}
		if !c.holds(code, h) {
			broken++
		}
	}
	return broken, nil
}

func is(codes ...int) func(int, http.Header) bool {
	return func(code int, _ http.Header) bool { return slices.Contains(codes, code) }
}
