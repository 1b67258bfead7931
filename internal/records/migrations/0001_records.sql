-- +goose Up
CREATE TABLE record ( -- the current record of the kinds that no other package stores
  ref   TEXT PRIMARY KEY,
  kind  TEXT NOT NULL,
  value TEXT NOT NULL -- JSON
) WITHOUT ROWID;
CREATE INDEX record_kind ON record (kind, ref);

-- +goose Down
DROP TABLE record;
