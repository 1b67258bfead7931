package receipts

import "database/sql"

// Decode reads an entry.
var Decode = decode

// Encode writes an entry.
var Encode = encode

// W returns the writing connection, for tests that make it fail.
func (s *Store) W() *sql.DB { return s.db.W }

// Query returns the query that Find runs.
func Query(f Filter, below int64, limit int) (string, []any) { return f.query(below, limit) }

// Starts returns the query of the receipts that Deliveries looks at.
func (q DeliveryQuery) Starts() (string, []any, bool) { return q.starts() }

// SameDelivery returns the query of the receipts that DeliveryOf sums.
var SameDelivery = sameDelivery

// Windows returns how many denials and reads are counted at the moment. The store must
// be idle.
func (s *Store) Windows() int { return len(s.windows) }
