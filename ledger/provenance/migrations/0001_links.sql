-- +goose Up
-- A link is found by a hash of either end: an index of the references themselves would
-- hold all of the table once more. Those of one kind lie together.
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
