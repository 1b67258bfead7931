package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// tool runs one of Fabric's commands and waits for its end.
func (h host) tool(ctx context.Context, env []string, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, filepath.Join(h.Bin, name), args...) //nolint:gosec // Fabric's commands
	cmd.Dir = h.config()
	cmd.Env = append(env, h.env...)
	out, err := cmd.CombinedOutput()
	text := strings.TrimSpace(string(out))
	if err != nil {
		if i := strings.LastIndex(text, "Error: "); i >= 0 {
			text = text[i:]
		}
		return text, fmt.Errorf("%s %s: %w: %s", name, strings.Join(args[:min(3, len(args))], " "), err, text)
	}
	return text, nil
}

func (h host) as(ctx context.Context, o Organization, args ...string) (string, error) {
	out, err := h.tool(ctx, h.adminEnv(o), "peer", args...)
	if err != nil {
		err = fmt.Errorf("%s: %w", o.Name, err)
	}
	return out, err
}

func (h host) block() string                  { return filepath.Join(h.config(), "genesis.block") }
func (h host) packageFile(name string) string { return filepath.Join(h.config(), name+".tgz") }

// chaincodes returns the package ids of the channel's chaincodes by name.
func (h host) chaincodes() map[string]string {
	all := map[string]string{h.Chaincode: h.Package}
	if h.BarePackage != "" {
		all[bare] = h.BarePackage
	}
	return all
}

// generate creates keys, certificates and the channel's first block.
func (h host) generate(ctx context.Context) error {
	env := []string{"FABRIC_CFG_PATH=" + h.config(), "FABRIC_LOGGING_SPEC=error"}
	config := filepath.Join(h.config(), "crypto-config.yaml")
	if _, err := h.tool(ctx, env, "cryptogen", "generate", "--config="+config, "--output="+h.Crypto); err != nil {
		return err
	}
	_, err := h.tool(ctx, env, "configtxgen", "-profile", "Cadastre", "-channelID", h.Channel, "-outputBlock", h.block())
	return err
}

// openChannel makes the orderer serve the channel.
func (h host) openChannel(ctx context.Context) error {
	tls := filepath.Join(h.Orderer.Folder, "tls")
	return h.retry(ctx, h.Processes, func(ctx context.Context) error {
		out, err := h.tool(ctx, nil, "osnadmin", "channel", "join", "--channelID", h.Channel, "--config-block", h.block(),
			"-o", h.Orderer.Admin, "--ca-file", h.Orderer.TLSCA,
			"--client-cert", h.Orderer.Certificate, "--client-key", filepath.Join(tls, "server.key"))
		// The command reports success for every answer of the orderer.
		if err == nil && !strings.Contains(out, "Status: 201") {
			err = fmt.Errorf("osnadmin channel join: %s", out)
		}
		return err
	})
}

// join adds a peer to the channel and installs the chaincode on it.
func (h host) join(ctx context.Context, o Organization) error {
	needed := h.adminNeeds(o)
	err := h.retry(ctx, needed, func(ctx context.Context) error {
		_, err := h.as(ctx, o, "channel", "join", "-b", h.block())
		return err
	})
	if err != nil {
		return err
	}
	for name := range h.chaincodes() {
		err := h.retry(ctx, needed, func(ctx context.Context) error {
			_, err := h.as(ctx, o, "lifecycle", "chaincode", "install", h.packageFile(name))
			if err != nil && strings.Contains(err.Error(), "already successfully installed") {
				return nil
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// adminNeeds returns the processes that must run for the commands of an
// organization's administrator.
func (h host) adminNeeds(o Organization) []Process {
	var needed []Process
	for _, p := range h.Processes {
		if p.Name == h.Orderer.Name || p.Name == o.Peer.Name || p.Name == o.Server.Name {
			needed = append(needed, p)
		}
	}
	return needed
}

// definition returns the chaincode definition that the organizations agree on, as
// command arguments.
func (h host) definition(name string) []string {
	return []string{
		"-o", h.Orderer.Address, "--tls", "--cafile", h.Orderer.TLSCA, "-C", h.Channel, "-n", name,
		"-v", version, "--sequence", "1", "--signature-policy", h.Policy,
	}
}

// approve approves the definition for an organization and names the installed
// package.
func (h host) approve(ctx context.Context, o Organization, name string) error {
	args := append([]string{"lifecycle", "chaincode", "approveformyorg", "--package-id", h.chaincodes()[name]}, h.definition(name)...)
	return h.retry(ctx, h.adminNeeds(o), func(ctx context.Context) error {
		_, err := h.as(ctx, o, args...)
		if err != nil && strings.Contains(err.Error(), "with unchanged content") {
			return nil // an earlier try was successful after all
		}
		return err
	})
}

// commit commits the approved definition to the channel.
func (h host) commit(ctx context.Context, name string) error {
	args := append([]string{"lifecycle", "chaincode", "commit"}, h.definition(name)...)
	for _, o := range h.Organizations {
		args = append(args, "--peerAddresses", o.Peer.Address, "--tlsRootCertFiles", o.Peer.TLSCA)
	}
	return h.retry(ctx, h.Processes, func(ctx context.Context) error {
		_, err := h.as(ctx, h.Organizations[0], args...)
		if err != nil && strings.Contains(err.Error(), "new definition must be sequence 2") {
			return nil // an earlier try was successful after all
		}
		return err
	})
}

// refusal matches the contract's own refusals in the output of the peer command. A
// refusal shows that the chaincode runs.
var refusal = regexp.MustCompile(`\{\\*"code\\*":`)

// probe asks an organization's peer for a key that no record has, and so checks
// that the chaincode answers.
func (h host) probe(ctx context.Context, o Organization) error {
	out, err := h.as(ctx, o, "chaincode", "query", "-C", h.Channel, "-n", h.Chaincode, "-c", `{"Args":["value","ready"]}`)
	if err != nil && refusal.MatchString(out) {
		return nil
	}
	return err
}

func (h host) awaitAnswer(ctx context.Context, o Organization) error {
	return h.retry(ctx, h.adminNeeds(o), func(ctx context.Context) error { return h.probe(ctx, o) })
}

// writePackages writes the chaincodes' packages and stores their ids.
func (h host) writePackages() error {
	wanted := map[string]*string{h.Chaincode: &h.Package}
	if h.Organizations[0].Bare != nil {
		wanted[bare] = &h.BarePackage
	}
	for name, id := range wanted {
		data, made, err := makePackage(name)
		if err != nil {
			return err
		}
		*id = made
		if err := os.WriteFile(h.packageFile(name), data, 0o600); err != nil {
			return err
		}
	}
	return nil
}
