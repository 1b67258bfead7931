-- +goose Up
-- A link is found by a hash of either end, since an index of the references themselves
-- would be as large as the table. References of one kind have adjacent hashes.
CREATE TABLE links (
  n        INTEGER PRIMARY KEY,
  from_key INTEGER NOT NULL, -- of from_ref
  to_key   INTEGER NOT NULL, -- of to_ref
  from_ref TEXT NOT NULL,
  rel      TEXT NOT NULL,
  to_ref   TEXT NOT NULL
);
CREATE INDEX links_from ON links (from_key);
CREATE INDEX links_to ON links (to_key, from_key); -- by kind of what begins there

-- +goose Down
DROP TABLE links;
