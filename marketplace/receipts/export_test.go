package receipts

import "database/sql"

// Decode reads an entry.
var Decode = decode

// Encode makes one.
var Encode = encode

// W is the writing connection, for tests that make it fail.
func (s *Store) W() *sql.DB { return s.db.W }

// Query is what Find asks the database.
func Query(f Filter, below int64, limit int) (string, []any) { return f.query(below, limit) }

// Starts returns the query of the receipts that Deliveries looks at.
func (q Sought) Starts() (string, []any, bool) { return q.starts() }

// Alike returns the query of deliveries that DeliveryOf sums.
var Alike = alike
