-- +goose Up
CREATE TABLE position (
  one   INTEGER PRIMARY KEY CHECK (one = 1),
  block INTEGER NOT NULL,
  head  TEXT NOT NULL
);

-- +goose Down
DROP TABLE position;
