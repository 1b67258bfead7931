-- +goose Up
CREATE TABLE writer (
  key   INTEGER NOT NULL, -- 8 bytes of the key's salted hash
  block INTEGER NOT NULL,
  tx    INTEGER NOT NULL,
  i     INTEGER NOT NULL,
  PRIMARY KEY (key, block, tx, i)
) WITHOUT ROWID;
CREATE TABLE writer_salt (
  one  INTEGER PRIMARY KEY CHECK (one = 1),
  salt BLOB NOT NULL -- unique to this file, so that nobody can choose two keys with the same hash
);
INSERT INTO writer_salt (one, salt) VALUES (1, randomblob(16));

-- +goose Down
DROP TABLE writer_salt;
DROP TABLE writer;
