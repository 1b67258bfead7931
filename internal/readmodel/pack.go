package readmodel

import "github.com/datacadastre/cadastre/internal/sqldb"

// Pack compresses a record for a column that is read rarely and as a whole; in SQL,
// unpack(column) returns the text.
func Pack(r []byte) []byte { return sqldb.Pack(r) }
