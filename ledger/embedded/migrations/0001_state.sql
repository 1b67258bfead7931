-- +goose Up
CREATE TABLE record (
  key   TEXT PRIMARY KEY,
  value BLOB NOT NULL,
  seq   INTEGER NOT NULL -- the entry that wrote it: the record's version, and a call's position
) WITHOUT ROWID;

-- +goose Down
DROP TABLE record;
