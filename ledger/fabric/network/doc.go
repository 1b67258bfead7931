// Command network builds a real Hyperledger Fabric network on this machine, out
// of processes and without Docker, for tests and demonstrations: one Raft
// orderer, and three organizations (bureau, operator, regulator) with a peer and
// a chaincode server each, everything under TLS, peer and chaincode server under
// mutual TLS. Its channel carries one chaincode, which two of the three
// organizations must endorse. Every port is a free one of 127.0.0.1, chosen anew.
//
//	network up --genesis FILE     boots and waits until the chaincode answers
//	network status                says what runs, and whether the chaincode answers
//	network kill NAME...          ends processes by SIGKILL, as a fault would
//	network start NAME...         starts them again and waits until they listen
//	network wipe NAME...          empties a peer's folder and makes it rejoin
//	network down                  ends everything and deletes it, but for the logs
//
// NAME is orderer, peer.ORGANIZATION, chaincode.ORGANIZATION, or all. When a boot
// fails, nothing of it is left running.
//
// # network.json
//
// The file network.json of the run folder describes the network to whoever is to
// use it. It is there when, and only when, the network has come up. Paths are
// absolute, certificates are PEM.
//
//	channel, chaincode     their names
//	chaincode_package      package id, the same at every organization
//	endorsement_policy     as Fabric writes it
//	genesis                sha256 of the compact JWS that may begin, and its file where given
//	orderer                name, address, admin_address, operations_address (HTTP), tls_ca (file), …
//	organizations[]        of each member:
//	  name, mspid          bureau, BureauMSP
//	  profile              file: profile for fabric-sdk-go, which lists every peer
//	  user                 whose key and certificate the profile finds
//	  ca                   file: root certificate of the organization's identities
//	  peer                 name (also in profiles), address, tls_ca (file), operations_address, data (folder)
//	  chaincode            name, address, binary, connection (file that tells the peer where)
//	trust                  what checks answers of the peers offline:
//	  channel, chaincode   that they must speak of
//	  quorum               how many organizations must have signed
//	  organizations[]      mspid, cas (certificates), crls
//	trust_file             file: trust alone, to hand out
//	processes[]            name, address, log (file), and pid_file, which is there while it
//	                       runs: {"pid", "started", "boot"}
//
// A boot empties and down deletes, of the run folder, network.json,
// fabric-trust.json and the folders config, credentials, crypto, data, pids and
// profiles; a boot also empties logs. Anything else there is left alone.
//
// Its keys are made by cryptogen and lie open in the run folder: nothing here is
// meant for production.
package main
