package catalog

import (
	"encoding/hex"
	"strings"

	"github.com/datacadastre/cadastre/ledger"
)

// CallID is the id of the call by which party brings a source record: the same
// record gives the same call, a changed one another (protocol §4). The importer
// asks for it first: a recorded call means that nothing is to be done.
func CallID(ledgerID ledger.ID, fn ledger.Function, party ledger.ID, source string, hash ledger.Digest) ledger.ID {
	return ledger.DeriveID(string(ledgerID), string(fn), string(party), source, string(hash))
}

// ResourceID is the id of the resource that a source record of party stands for,
// however the record changes.
func ResourceID(ledgerID, party ledger.ID, source string) ledger.ID {
	return ledger.DeriveID(string(ledgerID), ledger.KindResource, string(party), source)
}

// ApplicationID is the id of the initial application for that resource.
func ApplicationID(ledgerID, party ledger.ID, source string) ledger.ID {
	return ledger.DeriveID(string(ledgerID), ledger.KindApplication, string(party), source)
}

// salt is the salt of a text of a source record: as repeatable as its ids.
func salt(ledgerID, party ledger.ID, source, field string) (b [16]byte) {
	id := ledger.DeriveID(string(ledgerID), "salt", string(party), source, field)
	raw, err := hex.DecodeString(strings.ReplaceAll(string(id), "-", ""))
	if err != nil {
		return b // an id is hexadecimal
	}
	copy(b[:], raw)
	return b
}
