-- +goose Up
CREATE TABLE registry_genesis (
  one   INTEGER PRIMARY KEY CHECK (one = 1),
  value TEXT NOT NULL
);
CREATE TABLE registry_calendar (
  year  INTEGER PRIMARY KEY,
  value TEXT NOT NULL
);
CREATE TABLE registry_party (
  n      INTEGER PRIMARY KEY,
  id     TEXT NOT NULL UNIQUE,
  name   TEXT NOT NULL,
  region TEXT NOT NULL,
  lies   TEXT NOT NULL, -- the region, if it is inside that of the authority that admitted the party; else the authority's
  value  TEXT NOT NULL
);
CREATE INDEX registry_party_name ON registry_party (name);
CREATE TABLE registry_party_role (
  role TEXT NOT NULL,
  n    INTEGER NOT NULL,
  PRIMARY KEY (role, n)
) WITHOUT ROWID;
CREATE INDEX registry_party_role_n ON registry_party_role (n);
CREATE TABLE registry_key (
  n     INTEGER PRIMARY KEY, -- in the order of entering
  kid   TEXT NOT NULL UNIQUE,
  party TEXT NOT NULL,
  value TEXT NOT NULL
);
CREATE INDEX registry_key_party ON registry_key (party);
-- What was submitted, stored once: applications and entries refer to it by its payload.
CREATE TABLE registry_submission (
  n       INTEGER PRIMARY KEY,
  payload TEXT NOT NULL UNIQUE,
  value   BLOB NOT NULL -- compressed
);
CREATE TABLE registry_application (
  n          INTEGER PRIMARY KEY,
  id         TEXT NOT NULL UNIQUE,
  applicant  TEXT NOT NULL,
  body       TEXT NOT NULL,
  state      TEXT NOT NULL,
  region     TEXT NOT NULL, -- the applicant's region
  submission INTEGER NOT NULL, -- n of registry_submission; with a foreign key SQLite would write a statement journal for each write
  value      TEXT NOT NULL
);
-- One index for each filter of the listing. After its columns each index has n, the
-- order of the listing.
CREATE INDEX registry_application_applicant ON registry_application (applicant);
CREATE INDEX registry_application_body ON registry_application (body);
CREATE INDEX registry_application_queue ON registry_application (body, state);
CREATE INDEX registry_application_state ON registry_application (state);
CREATE INDEX registry_application_province ON registry_application (substr(region, 1, 2));
CREATE INDEX registry_application_city ON registry_application (substr(region, 1, 4));
CREATE INDEX registry_application_county ON registry_application (region);
-- Applications with their last submissions.
CREATE VIEW registry_application_detail AS
  SELECT a.n, a.id, a.applicant, a.body, a.state, a.region, json_patch(unpack(s.value), a.value) AS value
  FROM registry_application a JOIN registry_submission s ON s.n = a.submission;
-- Public notices, in the order of their publication.
CREATE TABLE registry_notice (
  n           INTEGER PRIMARY KEY,
  application TEXT NOT NULL UNIQUE,
  value       TEXT NOT NULL
);
-- Notices with the state of their applications, on which their status depends.
CREATE VIEW registry_notice_detail AS
  SELECT c.n, c.application, json_set(c.value, '$.state', a.state) AS value
  FROM registry_notice c JOIN registry_application a ON a.id = c.application;
CREATE TABLE registry_entry (
  n             INTEGER PRIMARY KEY, -- in the order of coding
  id            TEXT NOT NULL UNIQUE,
  subject       TEXT NOT NULL,
  holder        TEXT NOT NULL,
  body          TEXT NOT NULL,
  domain        TEXT NOT NULL,
  region        TEXT NOT NULL,
  state         TEXT NOT NULL,
  suspended     INTEGER NOT NULL,
  valid_until   TEXT NOT NULL,
  cad_code      TEXT NOT NULL UNIQUE,
  registry_code TEXT UNIQUE
);
CREATE INDEX registry_entry_subject ON registry_entry (subject);
CREATE INDEX registry_entry_holder ON registry_entry (holder);
CREATE INDEX registry_entry_domain ON registry_entry (domain);
-- For counting facets; it begins with the region, because no search uses an index for
-- the region.
CREATE INDEX registry_entry_facets ON registry_entry (region, domain, holder, state, suspended, valid_until);
-- Data that is read only for the rows shown; the narrow rows that are counted are
-- separate.
CREATE TABLE registry_entry_text (
  n          INTEGER PRIMARY KEY, -- of registry_entry
  submission INTEGER NOT NULL, -- n of registry_submission
  value      TEXT NOT NULL, -- the record
  coding     TEXT NOT NULL  -- the call that coded it
);
-- Entries with their submitted resources.
CREATE VIEW registry_entry_detail AS
  SELECT e.n, e.id, e.subject, e.cad_code, e.registry_code, t.coding,
    json_set(t.value, '$.resource', json_extract(unpack(s.value), '$.resource')) AS value
  FROM registry_entry e JOIN registry_entry_text t ON t.n = e.n JOIN registry_submission s ON s.n = t.submission;
CREATE VIRTUAL TABLE registry_found USING fts5(title, rest, content='', contentless_delete=1);

-- +goose Down
DROP TABLE registry_found;
DROP VIEW registry_entry_detail;
DROP TABLE registry_entry_text;
DROP TABLE registry_entry;
DROP VIEW registry_notice_detail;
DROP TABLE registry_notice;
DROP VIEW registry_application_detail;
DROP TABLE registry_application;
DROP TABLE registry_submission;
DROP TABLE registry_key;
DROP TABLE registry_party_role;
DROP TABLE registry_party;
DROP TABLE registry_calendar;
DROP TABLE registry_genesis;
