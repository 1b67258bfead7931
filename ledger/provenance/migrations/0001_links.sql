-- +goose Up
CREATE TABLE links (
  from_ref TEXT NOT NULL,
  rel      TEXT NOT NULL,
  to_ref   TEXT NOT NULL,
  PRIMARY KEY (from_ref, rel, to_ref)
) WITHOUT ROWID;
CREATE INDEX links_to ON links (to_ref, from_ref, rel);
CREATE TABLE acts (
  ref     TEXT NOT NULL,
  time    INTEGER NOT NULL,
  name    TEXT NOT NULL,
  party   TEXT NOT NULL,
  call    TEXT NOT NULL,
  payload TEXT NOT NULL,
  PRIMARY KEY (ref, time, party, call)
) WITHOUT ROWID;

-- +goose Down
DROP TABLE acts;
DROP TABLE links;
