package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/datacadastre/cadastre/ledger/fabric/network/internal/process"
)

type upCmd struct {
	Genesis       string        `help:"File with the genesis, a compact JWS: the only first call that the chaincode accepts." xor:"genesis" required:"" type:"path" placeholder:"FILE"`
	GenesisSHA256 string        `name:"genesis-sha256" help:"SHA-256 of the genesis in hex, in place of its file." xor:"genesis" required:"" placeholder:"HEX"`
	Chaincode     []string      `help:"Binary of the chaincode server; ORGANIZATION=FILE for one organization. The default is the file chaincode in the folder of Fabric's binaries." placeholder:"FILE" sep:"none"`
	Bare          string        `help:"Binary of a second, minimal chaincode, bare, with which the register's speed is compared." type:"existingfile" placeholder:"FILE"`
	Timeout       time.Duration `help:"How long the boot may take." default:"3m"`
}

// Run boots a network. If it fails, all its processes are ended.
func (c *upCmd) Run(p *program) error {
	genesis, err := c.genesis()
	if err != nil {
		return err
	}
	binaries, err := c.binaries(p.bin)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(p.run, 0o700); err != nil {
		return err
	}
	unlock, err := lock(p)
	if err != nil {
		return err
	}
	defer unlock()
	if err := checkVacant(p.run); err != nil {
		return err
	}
	n, err := plan(p.ctx, p.run, p.bin, c.Bare != "")
	if err != nil {
		return err
	}
	n.Genesis = genesis
	for i := range n.Organizations {
		n.Organizations[i].Server.Binary = binaries[n.Organizations[i].Name]
		if n.Organizations[i].Bare != nil {
			n.Organizations[i].Bare.Binary = c.Bare
		}
	}
	defer n.release()
	ctx, stop := context.WithTimeoutCause(p.ctx, c.Timeout, fmt.Errorf("the network did not come up within %s (--timeout)", c.Timeout))
	defer stop()
	h := host{Network: n.Network, env: p.env}
	if err := h.boot(ctx, n.release, p.say); err != nil {
		// Whatever stopped the boot, the processes that it started must end.
		return errors.Join(withCause(ctx, err), killAll(context.WithoutCancel(ctx), h.Processes))
	}
	p.say("up: described in %s", filepath.Join(p.run, descriptionFile))
	return nil
}

// boot starts a planned network.
func (h host) boot(ctx context.Context, release func(), say func(string, ...any)) error {
	for _, step := range []struct {
		what string
		do   func() error
	}{
		{"keys, certificates and the channel's first block", func() error {
			return inOrder(h.prepare, h.configure, func() error { return h.generate(ctx) }, h.writeConnections, h.writePackages)
		}},
		{"orderer, three peers and their chaincode servers listen", func() error {
			release()
			return h.startAll(ctx, h.Processes)
		}},
		{"channel " + h.Channel + " with three peers, each with the chaincode's package", func() error {
			if err := h.openChannel(ctx); err != nil {
				return err
			}
			return forAll(h.Organizations, func(o Organization) error { return h.join(ctx, o) })
		}},
		{"chaincode " + h.Chaincode + " approved by each organization", func() error {
			return forAll(h.Organizations, func(o Organization) error {
				return h.each(func(name string) error { return h.approve(ctx, o, name) })
			})
		}},
		{"chaincode " + h.Chaincode + " in force: " + h.Policy, func() error { return h.each(func(name string) error { return h.commit(ctx, name) }) }},
		{"chaincode answers at every peer", func() error {
			return forAll(h.Organizations, func(o Organization) error { return h.awaitAnswer(ctx, o) })
		}},
	} {
		if err := step.do(); err != nil {
			return err
		}
		say("%s", step.what)
	}
	return h.save()
}

// each runs f for every chaincode of the channel.
func (h host) each(f func(name string) error) error {
	for name := range h.chaincodes() {
		if err := f(name); err != nil {
			return err
		}
	}
	return nil
}

func inOrder(steps ...func() error) error {
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

var hexDigest = regexp.MustCompile(`^[0-9a-f]{64}$`)

func (c *upCmd) genesis() (Genesis, error) {
	if c.Genesis == "" {
		if !hexDigest.MatchString(c.GenesisSHA256) {
			return Genesis{}, errors.New("--genesis-sha256: give 64 lower-case hex digits")
		}
		return Genesis{SHA256: c.GenesisSHA256}, nil
	}
	jws, err := os.ReadFile(c.Genesis)
	if err != nil {
		return Genesis{}, fmt.Errorf("--genesis: %w: give the file that cadastre genesis sign printed", err)
	}
	jws = bytes.TrimSuffix(jws, []byte("\n"))
	if bytes.Count(jws, []byte(".")) != 2 || bytes.ContainsAny(jws, " \t\r\n{") {
		return Genesis{}, fmt.Errorf("--genesis: %s is not a compact JWS on one line", c.Genesis)
	}
	sum := sha256.Sum256(jws)
	return Genesis{SHA256: hex.EncodeToString(sum[:]), File: c.Genesis}, nil
}

// binaries returns the chaincode server that each organization runs. It checks that
// all programs exist.
func (c *upCmd) binaries(bin string) (map[string]string, error) {
	for _, f := range []string{"configtxgen", "cryptogen", "orderer", "osnadmin", "peer", "core.yaml", "orderer.yaml"} {
		if _, err := os.Stat(filepath.Join(bin, f)); err != nil {
			return nil, fmt.Errorf("--bin: %w: build it with make fabric", err)
		}
	}
	all := filepath.Join(bin, "chaincode")
	own := map[string]string{}
	for _, given := range c.Chaincode {
		org, file, special := strings.Cut(given, "=")
		if !special {
			org, file = "", given
		}
		path, err := filepath.Abs(file)
		if err != nil {
			return nil, err
		}
		if !special {
			all = path
			continue
		}
		if !slices.ContainsFunc(titles, func(t string) bool { return strings.ToLower(t) == org }) {
			return nil, fmt.Errorf("--chaincode: no organization %q: the organizations are bureau, operator and regulator", org)
		}
		own[org] = path
	}
	for _, t := range titles {
		org := strings.ToLower(t)
		if own[org] == "" {
			own[org] = all
		}
		if _, err := os.Stat(own[org]); err != nil {
			return nil, fmt.Errorf("--chaincode: %w: build the default with make fabric", err)
		}
	}
	return own, nil
}

// checkVacant refuses a run folder that still contains a network.
func checkVacant(run string) error {
	if _, err := os.Stat(filepath.Join(run, descriptionFile)); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("--run: %s already contains a network: status shows it, start all starts what does not run, down deletes it", run)
	}
	records, err := filepath.Glob(filepath.Join(run, "pids", "*.json"))
	if err != nil {
		return err
	}
	for _, r := range records {
		if _, running, err := process.Find(r); err != nil {
			return err
		} else if running {
			return fmt.Errorf("--run: processes of an interrupted boot still run in %s: down ends them", run)
		}
	}
	return nil
}
