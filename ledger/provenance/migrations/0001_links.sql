-- +goose Up
CREATE TABLE links (
  from_ref TEXT NOT NULL,
  rel      TEXT NOT NULL,
  to_ref   TEXT NOT NULL,
  PRIMARY KEY (from_ref, rel, to_ref)
) WITHOUT ROWID;
CREATE INDEX links_to ON links (to_ref, from_ref, rel);

-- +goose Down
DROP TABLE links;
