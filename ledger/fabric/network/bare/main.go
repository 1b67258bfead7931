// Command bare is the least that a chaincode can do: put one value under one
// key. The register is measured against it, through the same peers and orderer
// (network up --bare). It checks nothing and serves nothing else.
package main

import (
	"fmt"
	"os"

	"github.com/hyperledger/fabric-chaincode-go/shim"
	"github.com/hyperledger/fabric-protos-go/peer"
)

type bare struct{}

// Init has nothing to do.
func (bare) Init(shim.ChaincodeStubInterface) peer.Response { return shim.Success(nil) }

// Invoke puts its second argument under its first.
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

// serve runs under the settings of the register's chaincode.
func serve() error {
	var files [3][]byte
	for i, name := range []string{"CADASTRE_CHAINCODE_KEY", "CADASTRE_CHAINCODE_CERT", "CADASTRE_CHAINCODE_CLIENT_CA"} {
		var err error
		if files[i], err = os.ReadFile(os.Getenv(name)); err != nil { //nolint:gosec // whoever starts it names its files
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	server := shim.ChaincodeServer{
		CCID: os.Getenv("CADASTRE_CHAINCODE_ID"), Address: os.Getenv("CADASTRE_CHAINCODE_ADDRESS"), CC: bare{},
		TLSProps: shim.TLSProperties{Key: files[0], Cert: files[1], ClientCACerts: files[2]},
	}
	return server.Start()
}
