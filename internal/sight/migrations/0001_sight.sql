-- +goose Up
CREATE TABLE sight ( -- of each record, whose it is and what it is called
  ref   TEXT PRIMARY KEY,
  value TEXT NOT NULL  -- readers and label, JSON
) WITHOUT ROWID;

-- +goose Down
DROP TABLE sight;
