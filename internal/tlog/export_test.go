package tlog

import "golang.org/x/mod/sumdb/note"

// ParseTilePath opens the parser of paths to its tests.
var ParseTilePath = parseTilePath

// Signer signs like the log.
func (k *Key) Signer() note.Signer { return k.signer }
