-- +goose Up
CREATE TABLE writer (
  key   INTEGER NOT NULL,
  block INTEGER NOT NULL,
  tx    INTEGER NOT NULL,
  i     INTEGER NOT NULL,
  PRIMARY KEY (key, block, tx, i)
) WITHOUT ROWID;
CREATE INDEX place_at ON place (block, tx, i);

-- +goose Down
DROP INDEX place_at;
DROP TABLE writer;
