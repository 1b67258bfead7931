-- +goose Up
CREATE TABLE sight ( -- the readers and the label of each record
  ref   TEXT PRIMARY KEY,
  value TEXT NOT NULL  -- readers and label, JSON
) WITHOUT ROWID;

-- +goose Down
DROP TABLE sight;
