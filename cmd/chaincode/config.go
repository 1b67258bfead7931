package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"strings"

	"github.com/hyperledger/fabric-chaincode-go/v2/shim"

	"github.com/datacadastre/cadastre/ledger"
)

// The settings, all of them required.
const (
	setID       = "CADASTRE_CHAINCODE_ID"        // package id, as computed by the peers
	setAddress  = "CADASTRE_CHAINCODE_ADDRESS"   // host:port to listen at
	setCert     = "CADASTRE_CHAINCODE_CERT"      // PEM file: certificate of the server
	setKey      = "CADASTRE_CHAINCODE_KEY"       // PEM file: key of the certificate
	setClientCA = "CADASTRE_CHAINCODE_CLIENT_CA" // PEM file: CA that signed the peers' certificates
	setGenesis  = "CADASTRE_GENESIS_SHA256"      // SHA-256 of the only call that may begin the ledger
)

type config struct {
	id, address string
	tls         shim.TLSProperties
	genesis     ledger.Digest
}

// readConfig reads and checks every setting. Its error names the wrong one.
func readConfig(getenv func(string) string) (c config, err error) {
	for _, name := range []string{setID, setAddress, setCert, setKey, setClientCA, setGenesis} {
		if getenv(name) == "" {
			return c, fmt.Errorf("%s is not set: %s", name, wanted(name))
		}
	}
	c.id, c.address, c.genesis = getenv(setID), getenv(setAddress), ledger.Digest(getenv(setGenesis))
	label, sum, _ := strings.Cut(c.id, ":")
	if label == "" || ledger.Digest(sum).Validate(setID) != nil {
		return c, fmt.Errorf("%s is %q: %s", setID, c.id, wanted(setID))
	}
	if _, _, err := net.SplitHostPort(c.address); err != nil {
		return c, fmt.Errorf("%s is %q: %s", setAddress, c.address, wanted(setAddress))
	}
	if c.genesis.Validate(setGenesis) != nil {
		return c, fmt.Errorf("%s is %q: %s", setGenesis, c.genesis, wanted(setGenesis))
	}
	for _, f := range []struct {
		name string
		into *[]byte
	}{{setCert, &c.tls.Cert}, {setKey, &c.tls.Key}, {setClientCA, &c.tls.ClientCACerts}} {
		if *f.into, err = os.ReadFile(getenv(f.name)); err != nil {
			return c, fmt.Errorf("%s can't be read (%w): %s", f.name, err, wanted(f.name))
		}
	}
	if _, err := tls.X509KeyPair(c.tls.Cert, c.tls.Key); err != nil {
		return c, fmt.Errorf("%s and %s do not belong together (%w): %s", setCert, setKey, err, wanted(setKey))
	}
	if !x509.NewCertPool().AppendCertsFromPEM(c.tls.ClientCACerts) {
		return c, fmt.Errorf("%s contains no certificate: %s", setClientCA, wanted(setClientCA))
	}
	return c, nil
}

// wanted returns what a setting should be, for error messages.
func wanted(name string) string {
	return map[string]string{
		setID:       "set it to the package id, label:hash, that `peer lifecycle chaincode calculatepackageid` prints",
		setAddress:  "set it to the host:port to listen at, the one in the peer's connection.json",
		setCert:     "name the PEM file of this server's certificate",
		setKey:      "name the PEM file of the certificate's key",
		setClientCA: "name the PEM file of the CA that signed the peers' TLS certificates",
		setGenesis:  "set it to the SHA-256 of the signed genesis, 64 hex digits, as the trust file has it",
	}[name]
}
