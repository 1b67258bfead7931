-- +goose Up
CREATE TABLE token (
  jti     TEXT NOT NULL,
  party   TEXT NOT NULL,
  expires INTEGER NOT NULL,
  PRIMARY KEY (party, jti)
) WITHOUT ROWID;
CREATE INDEX token_expires ON token (expires);

-- +goose Down
DROP TABLE token;
