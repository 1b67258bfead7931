-- +goose Up
CREATE TABLE place ( -- where each call is recorded, and what it was
  block   INTEGER NOT NULL,
  tx      INTEGER NOT NULL,
  i       INTEGER NOT NULL,
  party   TEXT NOT NULL,
  call    TEXT NOT NULL,
  name    TEXT NOT NULL,
  time    INTEGER NOT NULL,
  payload TEXT NOT NULL,
  PRIMARY KEY (block, tx, i)
) WITHOUT ROWID;
CREATE UNIQUE INDEX place_call ON place (party, call);

-- +goose Down
DROP TABLE place;
