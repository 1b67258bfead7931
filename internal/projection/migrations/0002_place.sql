-- +goose Up
CREATE TABLE place (
  party TEXT NOT NULL,
  call  TEXT NOT NULL,
  block INTEGER NOT NULL,
  tx    INTEGER NOT NULL,
  i     INTEGER NOT NULL,
  PRIMARY KEY (party, call)
) WITHOUT ROWID;

-- +goose Down
DROP TABLE place;
