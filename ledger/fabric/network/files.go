package main

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"text/template"
)

//go:embed templates
var embedded embed.FS

var templates = template.Must(template.New("").Funcs(template.FuncMap{"port": port}).ParseFS(embedded, "templates/*.yaml"))

// runFolders are the folders of a run that a boot fills and down deletes.
var runFolders = []string{"config", "credentials", "crypto", "data", "pids", "profiles"}

// prepare deletes an earlier network in the run folder and creates the folders.
func (n *Network) prepare() error {
	if err := erase(n.Run); err != nil {
		return err
	}
	if err := os.RemoveAll(filepath.Join(n.Run, "logs")); err != nil {
		return err
	}
	folders := append([]string{"logs", "data/" + n.Orderer.Name}, runFolders...)
	for _, o := range n.Organizations {
		folders = append(folders, "credentials/"+o.Name, "data/"+o.Peer.Name)
	}
	for _, f := range folders {
		if err := os.MkdirAll(filepath.Join(n.Run, f), 0o700); err != nil {
			return err
		}
	}
	return nil
}

// erase deletes what a boot wrote, except the logs.
func erase(run string) error {
	for _, f := range append([]string{descriptionFile, trustFile}, runFolders...) {
		if err := os.RemoveAll(filepath.Join(run, f)); err != nil {
			return err
		}
	}
	return nil
}

// configure writes the configuration of cryptogen, configtxgen, the orderer and the
// peers.
func (n *Network) configure() error {
	for _, name := range []string{"core.yaml", "orderer.yaml"} {
		data, err := os.ReadFile(filepath.Join(n.Bin, name))
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(n.config(), name), data, 0o600); err != nil { //nolint:gosec // the run folder is the user's to name
			return err
		}
	}
	for _, name := range []string{"crypto-config.yaml", "configtx.yaml"} {
		if err := render(filepath.Join(n.config(), name), name, n); err != nil {
			return err
		}
	}
	bin := filepath.Join(n.config(), "builder", "bin")
	if err := os.MkdirAll(bin, 0o700); err != nil {
		return err
	}
	scripts, err := fs.Glob(embedded, "templates/builder/*")
	if err != nil {
		return err
	}
	for _, s := range scripts {
		data, err := embedded.ReadFile(s)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(bin, filepath.Base(s)), data, 0o700); err != nil { //nolint:gosec // scripts are run
			return err
		}
	}
	return nil
}

// writeConnections writes the files that need the certificates: how each peer
// reaches its chaincode server, each organization's profile, and the trust file for
// verifiers.
func (n *Network) writeConnections() error {
	n.Trust = Trust{Channel: n.Channel, Chaincode: n.Chaincode, Quorum: quorum}
	for _, o := range n.Organizations {
		if err := o.connect(o.Server); err != nil {
			return err
		}
		if o.Bare != nil {
			if err := o.connect(*o.Bare); err != nil {
				return err
			}
		}
		if err := n.profile(o); err != nil {
			return err
		}
		root, err := os.ReadFile(o.CA)
		if err != nil {
			return err
		}
		n.Trust.Organizations = append(n.Trust.Organizations, TrustRoot{MSPID: o.MSPID, CAs: []string{string(root)}, CRLs: []string{}})
	}
	return writeJSON(n.TrustFile, n.Trust)
}

// profile writes the profile with which a client of an organization connects to the
// network.
func (n *Network) profile(o Organization) error {
	return render(o.Profile, "profile.yaml", struct {
		*Network
		Self Organization
	}{n, o})
}

// connection is the file from which the external builder reads the address of a
// peer's chaincode server.
type connection struct {
	Address      string `json:"address"`
	DialTimeout  string `json:"dial_timeout"`
	TLS          bool   `json:"tls_required"`
	Authenticate bool   `json:"client_auth_required"`
	Key          string `json:"client_key"`
	Certificate  string `json:"client_cert"`
	Root         string `json:"root_cert"`
}

func (o Organization) connect(server Chaincode) error {
	c := connection{Address: server.Address, DialTimeout: "10s", TLS: true, Authenticate: true}
	for _, f := range []struct {
		to   *string
		path string
	}{
		{&c.Key, filepath.Join(o.Peer.Folder, "tls/server.key")},
		{&c.Certificate, filepath.Join(o.Peer.Folder, "tls/server.crt")},
		{&c.Root, filepath.Join(server.Folder, "tls/ca.crt")},
	} {
		data, err := os.ReadFile(f.path)
		if err != nil {
			return err
		}
		*f.to = string(data)
	}
	if err := os.MkdirAll(filepath.Dir(server.Connection), 0o700); err != nil {
		return err
	}
	data, err := json.Marshal(c) //nolint:gosec // the peer requires the key inside the file
	if err != nil {
		return err
	}
	return os.WriteFile(server.Connection, data, 0o600)
}

func render(path, name string, data any) error {
	out, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer out.Close()
	if err := templates.ExecuteTemplate(out, name, data); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return out.Close()
}
