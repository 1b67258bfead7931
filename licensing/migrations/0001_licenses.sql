-- +goose Up
CREATE TABLE licensing_license (
  id       TEXT PRIMARY KEY,
  assignee TEXT NOT NULL,
  assigner TEXT NOT NULL,
  state    TEXT NOT NULL,
  value    TEXT NOT NULL -- the record, JSON
) WITHOUT ROWID;
CREATE INDEX licensing_license_assignee ON licensing_license (assignee, id);
CREATE INDEX licensing_license_assigner ON licensing_license (assigner, id);
CREATE INDEX licensing_license_state ON licensing_license (state, id);
CREATE TABLE licensing_scope ( -- the targets of a license; its terms never change
  region  TEXT NOT NULL,
  target  TEXT NOT NULL, -- *, domain/NAME or resource/ID
  license TEXT NOT NULL,
  PRIMARY KEY (region, target, license)
) WITHOUT ROWID;
CREATE TABLE licensing_excluded (
  license  TEXT NOT NULL,
  resource TEXT NOT NULL,
  PRIMARY KEY (license, resource)
) WITHOUT ROWID;
CREATE TABLE licensing_environment (
  id    TEXT PRIMARY KEY,
  kid   TEXT NOT NULL,
  value TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX licensing_environment_kid ON licensing_environment (kid);
CREATE TABLE licensing_submission ( -- the part of a submission that decisions need
  payload TEXT PRIMARY KEY,
  value   TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE licensing_entry ( -- the part of a registry entry that decisions need
  id         TEXT PRIMARY KEY,
  resource   TEXT NOT NULL,
  submission TEXT NOT NULL,
  value      TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX licensing_entry_resource ON licensing_entry (resource, id);
CREATE TABLE licensing_party (
  id     TEXT PRIMARY KEY,
  active INTEGER NOT NULL
) WITHOUT ROWID;

-- +goose Down
DROP TABLE licensing_party;
DROP TABLE licensing_entry;
DROP TABLE licensing_submission;
DROP TABLE licensing_environment;
DROP TABLE licensing_excluded;
DROP TABLE licensing_scope;
DROP TABLE licensing_license;
