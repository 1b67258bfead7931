-- +goose Up

-- The state. A table with rowids: its rows are of several KB, and WITHOUT ROWID
-- moves whatever is over a quarter of a page to pages of its own.
CREATE TABLE record (
  key   TEXT NOT NULL UNIQUE,
  value BLOB NOT NULL,
  seq   INTEGER NOT NULL -- the entry that wrote it: the record's version, and a call's position
);

-- +goose Down
DROP TABLE record;
