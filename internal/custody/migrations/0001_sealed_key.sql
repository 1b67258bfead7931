-- +goose Up
CREATE TABLE sealed_key (
  party      TEXT    NOT NULL,
  kid        TEXT    NOT NULL,
  use        TEXT    NOT NULL,
  sealed     BLOB    NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (party, kid)
) WITHOUT ROWID;

-- +goose Down
DROP TABLE sealed_key;
