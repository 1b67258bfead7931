-- +goose Up

-- The state. A table with rowids: its rows are of several KB, and WITHOUT ROWID
-- moves whatever is over a quarter of a page to pages of its own.
CREATE TABLE record (
  key   TEXT NOT NULL UNIQUE,
  value BLOB NOT NULL,
  seq   INTEGER NOT NULL -- the entry that wrote it: the record's version, and a call's position
);

-- The sum of the state: what the last entry has the digest of.
CREATE TABLE state_sum (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  sum BLOB NOT NULL -- of ledger.StateSum
);

-- +goose Down
DROP TABLE state_sum;
DROP TABLE record;
