package catalog

import (
	"encoding/hex"
	"strings"

	"github.com/datacadastre/cadastre/ledger"
)

// CallID returns the id of the call with which party imports a source record. The same
// record gives the same id, a changed record another one. The importer
// looks it up first: if the call is recorded, there is nothing to do.
func CallID(ledgerID ledger.ID, fn ledger.Function, party ledger.ID, source string, hash ledger.Digest) ledger.ID {
	return ledger.DeriveID(string(ledgerID), string(fn), string(party), source, string(hash))
}

// ResourceID returns the id of the resource for a source record of party. It does not
// depend on the record's content.
func ResourceID(ledgerID, party ledger.ID, source string) ledger.ID {
	return ledger.DeriveID(string(ledgerID), ledger.KindResource, string(party), source)
}

// ApplicationID returns the id of the initial application for that resource.
func ApplicationID(ledgerID, party ledger.ID, source string) ledger.ID {
	return ledger.DeriveID(string(ledgerID), ledger.KindApplication, string(party), source)
}

// salt returns the salt for a text of a source record. It is derived like the ids, so
// it is the same each time.
func salt(ledgerID, party ledger.ID, source, field string) (b [16]byte) {
	id := ledger.DeriveID(string(ledgerID), "salt", string(party), source, field)
	raw, err := hex.DecodeString(strings.ReplaceAll(string(id), "-", ""))
	if err != nil {
		return b // unreachable: an id is hexadecimal
	}
	copy(b[:], raw)
	return b
}
