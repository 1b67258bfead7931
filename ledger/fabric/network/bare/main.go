// Command bare is a minimal chaincode: it writes a value under a key. The
// register's speed is compared with it, over the same peers and orderer (network up
// --bare). It checks nothing.
package main

import (
	"fmt"
	"os"

	"github.com/hyperledger/fabric-chaincode-go/shim"
	"github.com/hyperledger/fabric-protos-go/peer"
)

type bare struct{}

// Init does nothing.
func (bare) Init(shim.ChaincodeStubInterface) peer.Response { return shim.Success(nil) }

// Invoke writes its second argument under its first.
func (bare) Invoke(stub shim.ChaincodeStubInterface) peer.Response {
	function, args := stub.GetFunctionAndParameters()
	if function != "put" || len(args) != 2 {
		return shim.Error("put KEY VALUE")
	}
	if err := stub.PutState(args[0], []byte(args[1])); err != nil {
		return shim.Error(err.Error())
	}
	return shim.Success(nil)
}

func main() {
	if err := serve(); err != nil {
		fmt.Fprintln(os.Stderr, "bare:", err)
		os.Exit(1)
	}
}

// serve reads the same settings as the register's chaincode, and serves.
func serve() error {
	var files [3][]byte
	for i, name := range []string{"CADASTRE_CHAINCODE_KEY", "CADASTRE_CHAINCODE_CERT", "CADASTRE_CHAINCODE_CLIENT_CA"} {
		var err error
		if files[i], err = os.ReadFile(os.Getenv(name)); err != nil { //nolint:gosec // the files are chosen by the operator
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	server := shim.ChaincodeServer{
		CCID: os.Getenv("CADASTRE_CHAINCODE_ID"), Address: os.Getenv("CADASTRE_CHAINCODE_ADDRESS"), CC: bare{},
		TLSProps: shim.TLSProperties{Key: files[0], Cert: files[1], ClientCACerts: files[2]},
	}
	return server.Start()
}
