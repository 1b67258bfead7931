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

// tool runs one of Fabric's commands to its end.
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

func (h host) block() string       { return filepath.Join(h.config(), "genesis.block") }
func (h host) packageFile() string { return filepath.Join(h.config(), "register.tgz") }

// generate makes keys, certificates, and the channel's first block.
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
		// It ends well whatever the orderer answered.
		if err == nil && !strings.Contains(out, "Status: 201") {
			err = fmt.Errorf("osnadmin channel join: %s", out)
		}
		return err
	})
}

// join lets a peer into the channel and gives it the chaincode.
func (h host) join(ctx context.Context, o Organization) error {
	needed := h.of(o)
	err := h.retry(ctx, needed, func(ctx context.Context) error {
		_, err := h.as(ctx, o, "channel", "join", "-b", h.block())
		return err
	})
	if err != nil {
		return err
	}
	return h.retry(ctx, needed, func(ctx context.Context) error {
		_, err := h.as(ctx, o, "lifecycle", "chaincode", "install", h.packageFile())
		if err != nil && strings.Contains(err.Error(), "already successfully installed") {
			return nil
		}
		return err
	})
}

// of are the processes that an organization's administrator needs.
func (h host) of(o Organization) []Process {
	var needed []Process
	for _, p := range h.Processes {
		if p.Name == h.Orderer.Name || p.Name == o.Peer.Name || p.Name == o.Server.Name {
			needed = append(needed, p)
		}
	}
	return needed
}

// definition is what the organizations agree on.
func (h host) definition() []string {
	return []string{
		"-o", h.Orderer.Address, "--tls", "--cafile", h.Orderer.TLSCA, "-C", h.Channel, "-n", h.Chaincode,
		"-v", version, "--sequence", "1", "--signature-policy", h.Policy,
	}
}

// approve says for an organization that the definition is good, and which
// package is its own.
func (h host) approve(ctx context.Context, o Organization) error {
	args := append([]string{"lifecycle", "chaincode", "approveformyorg", "--package-id", h.Package}, h.definition()...)
	return h.retry(ctx, h.of(o), func(ctx context.Context) error {
		_, err := h.as(ctx, o, args...)
		if err != nil && strings.Contains(err.Error(), "with unchanged content") {
			return nil // an earlier try has come through after all
		}
		return err
	})
}

// commit puts the definition into force.
func (h host) commit(ctx context.Context) error {
	args := append([]string{"lifecycle", "chaincode", "commit"}, h.definition()...)
	for _, o := range h.Organizations {
		args = append(args, "--peerAddresses", o.Peer.Address, "--tlsRootCertFiles", o.Peer.TLSCA)
	}
	return h.retry(ctx, h.Processes, func(ctx context.Context) error {
		_, err := h.as(ctx, h.Organizations[0], args...)
		if err != nil && strings.Contains(err.Error(), "new definition must be sequence 2") {
			return nil // an earlier try has come through after all
		}
		return err
	})
}

// refusal is how the contract's own refusals look in the peer command's output:
// one is an answer, too.
var refusal = regexp.MustCompile(`\{\\*"code\\*":`)

// answers asks an organization's peer for a key that no record has.
func (h host) answers(ctx context.Context, o Organization) error {
	out, err := h.as(ctx, o, "chaincode", "query", "-C", h.Channel, "-n", h.Chaincode, "-c", `{"Args":["value","ready"]}`)
	if err != nil && refusal.MatchString(out) {
		return nil
	}
	return err
}

func (h host) awaitAnswer(ctx context.Context, o Organization) error {
	return h.retry(ctx, h.of(o), func(ctx context.Context) error { return h.answers(ctx, o) })
}

// writePackage writes the chaincode package and keeps its id.
func (h host) writePackage() error {
	data, id, err := packaged()
	if err != nil {
		return err
	}
	h.Package = id
	return os.WriteFile(h.packageFile(), data, 0o600)
}
