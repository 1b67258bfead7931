-- +goose Up

-- The state. The table has rowids, since its rows have several KB, and WITHOUT ROWID
-- would move everything above a quarter of a page to separate pages.
CREATE TABLE record (
  key   TEXT NOT NULL UNIQUE,
  value BLOB NOT NULL,
  seq   INTEGER NOT NULL -- the entry that wrote it: the record's version, and a call's position
);

-- The sum of the state. The last entry has its digest.
CREATE TABLE state_sum (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  sum BLOB NOT NULL -- of ledger.StateSum
);

-- +goose Down
DROP TABLE state_sum;
DROP TABLE record;
