-- +goose Up
CREATE TABLE sight ( -- of each record, whose it is and what it is called
  ref   TEXT PRIMARY KEY,
  rest  TEXT NOT NULL, -- the records that say the rest, a JSON list
  value TEXT NOT NULL  -- readers and label, JSON
) WITHOUT ROWID;

-- +goose Down
DROP TABLE sight;
