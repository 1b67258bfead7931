package main

import (
	"fmt"
	"path/filepath"
)

// inheritedVariables are the only variables of the caller's environment that
// processes get: a CORE_PEER_… variable of another network must not affect this
// one.
var inheritedVariables = []string{"PATH", "HOME", "TMPDIR"}

func (n *Network) config() string { return filepath.Join(n.Run, "config") }

func (n *Network) ordererEnv() []string {
	o, tls := n.Orderer, filepath.Join(n.Orderer.Folder, "tls")
	data := filepath.Join(n.Run, "data", o.Name)
	certificate, key, ca := o.Certificate, filepath.Join(tls, "server.key"), "["+o.TLSCA+"]"
	listen, _ := port(o.Address)
	return []string{
		"FABRIC_CFG_PATH=" + n.config(),
		"ORDERER_GENERAL_LISTENADDRESS=127.0.0.1",
		"ORDERER_GENERAL_LISTENPORT=" + listen,
		"ORDERER_GENERAL_BOOTSTRAPMETHOD=none",
		"ORDERER_GENERAL_LOCALMSPID=OrdererMSP",
		"ORDERER_GENERAL_LOCALMSPDIR=" + filepath.Join(o.Folder, "msp"),
		"ORDERER_GENERAL_TLS_ENABLED=true",
		"ORDERER_GENERAL_TLS_PRIVATEKEY=" + key,
		"ORDERER_GENERAL_TLS_CERTIFICATE=" + certificate,
		"ORDERER_GENERAL_TLS_ROOTCAS=" + ca,
		"ORDERER_GENERAL_CLUSTER_CLIENTCERTIFICATE=" + certificate,
		"ORDERER_GENERAL_CLUSTER_CLIENTPRIVATEKEY=" + key,
		"ORDERER_CHANNELPARTICIPATION_ENABLED=true",
		"ORDERER_ADMIN_LISTENADDRESS=" + o.Admin,
		"ORDERER_ADMIN_TLS_ENABLED=true",
		"ORDERER_ADMIN_TLS_CERTIFICATE=" + certificate,
		"ORDERER_ADMIN_TLS_PRIVATEKEY=" + key,
		"ORDERER_ADMIN_TLS_CLIENTROOTCAS=" + ca,
		"ORDERER_OPERATIONS_LISTENADDRESS=" + o.Operations,
		"ORDERER_FILELEDGER_LOCATION=" + data,
		"ORDERER_CONSENSUS_WALDIR=" + filepath.Join(data, "etcdraft/wal"),
		"ORDERER_CONSENSUS_SNAPDIR=" + filepath.Join(data, "etcdraft/snapshot"),
	}
}

func (n *Network) peerEnv(o Organization) []string {
	p, tls := o.Peer, filepath.Join(o.Peer.Folder, "tls")
	builders := fmt.Sprintf("[{name: ccaas, path: %q, propagateEnvironment: [CADASTRE_CCAAS_CONNECTION]}]", filepath.Join(n.config(), "builder"))
	return []string{
		"FABRIC_CFG_PATH=" + n.config(),
		"CORE_PEER_ID=" + p.Name,
		"CORE_PEER_LOCALMSPID=" + o.MSPID,
		"CORE_PEER_MSPCONFIGPATH=" + filepath.Join(p.Folder, "msp"),
		"CORE_PEER_LISTENADDRESS=" + p.Address,
		"CORE_PEER_ADDRESS=" + p.Address,
		"CORE_PEER_CHAINCODELISTENADDRESS=" + p.Chaincode,
		"CORE_PEER_GOSSIP_BOOTSTRAP=" + p.Address,
		"CORE_PEER_GOSSIP_EXTERNALENDPOINT=" + p.Address,
		// With this setting, organizations find each other's peers within seconds
		// of a start.
		"CORE_PEER_GOSSIP_RECONNECTINTERVAL=2s",
		"CORE_PEER_GOSSIP_ALIVETIMEINTERVAL=1s",
		"CORE_PEER_GOSSIP_ALIVEEXPIRATIONTIMEOUT=5s",
		// Only an organization's own peers have the text of its approvals. The
		// single peer, after losing its data, cannot get it from anyone and must
		// not wait a minute for it.
		"CORE_PEER_GOSSIP_PVTDATA_PULLRETRYTHRESHOLD=1s",
		"CORE_PEER_TLS_ENABLED=true",
		"CORE_PEER_TLS_CERT_FILE=" + filepath.Join(tls, "server.crt"),
		"CORE_PEER_TLS_KEY_FILE=" + filepath.Join(tls, "server.key"),
		"CORE_PEER_TLS_ROOTCERT_FILE=" + p.TLSCA,
		"CORE_PEER_FILESYSTEMPATH=" + p.Data,
		"CORE_LEDGER_SNAPSHOTS_ROOTDIR=" + filepath.Join(p.Data, "snapshots"),
		// The default is one hour; a peer could be behind for that long after an
		// outage of the orderer.
		"CORE_PEER_DELIVERYCLIENT_RECONNECTBACKOFFTHRESHOLD=10s",
		"CORE_OPERATIONS_LISTENADDRESS=" + p.Operations,
		"CORE_VM_ENDPOINT=", // no Docker
		// A slow call delays every commit of its peer.
		"CORE_CHAINCODE_EXECUTETIMEOUT=5s",
		"CORE_CHAINCODE_EXTERNALBUILDERS=" + builders,
		"CADASTRE_CCAAS_CONNECTION=" + filepath.Dir(o.Server.Connection),
	}
}

func (n *Network) chaincodeEnv(server Chaincode, id string) []string {
	tls := filepath.Join(server.Folder, "tls")
	return []string{
		"CADASTRE_CHAINCODE_ID=" + id,
		"CADASTRE_CHAINCODE_ADDRESS=" + server.Address,
		"CADASTRE_CHAINCODE_CERT=" + filepath.Join(tls, "server.crt"),
		"CADASTRE_CHAINCODE_KEY=" + filepath.Join(tls, "server.key"),
		"CADASTRE_CHAINCODE_CLIENT_CA=" + filepath.Join(tls, "ca.crt"),
		"CADASTRE_GENESIS_SHA256=" + n.Genesis.SHA256,
	}
}

// adminEnv returns the environment in which the peer command acts as an
// organization's administrator.
func (n *Network) adminEnv(o Organization) []string {
	return []string{
		"FABRIC_CFG_PATH=" + n.config(),
		"FABRIC_LOGGING_SPEC=error",
		"CORE_PEER_LOCALMSPID=" + o.MSPID,
		"CORE_PEER_MSPCONFIGPATH=" + filepath.Join(n.Crypto, "peerOrganizations", o.Domain, "users", "Admin@"+o.Domain, "msp"),
		"CORE_PEER_ADDRESS=" + o.Peer.Address,
		"CORE_PEER_TLS_ENABLED=true",
		"CORE_PEER_TLS_ROOTCERT_FILE=" + o.Peer.TLSCA,
	}
}
