package readmodel

import "github.com/datacadastre/cadastre/internal/sqldb"

// Pack compresses a record for a column that is read whole and seldom; in SQL,
// unpack(column) is its text again.
func Pack(r []byte) []byte { return sqldb.Pack(r) }
