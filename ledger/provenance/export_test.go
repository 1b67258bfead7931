package provenance

import "github.com/datacadastre/cadastre/ledger"

// Key is key.
func Key(ref ledger.Ref) int64 { return key(ref) }

// KeysOf is keysOf.
func KeysOf(kind string) (first, last int64) { return keysOf(kind) }
