package embedded

import "database/sql"

// Writer is the ledger's writing connection, so that a test can fill its disk.
func (l *Ledger) Writer() *sql.DB { return l.db.W }
