-- +goose Up
CREATE TABLE market_record (
  ref   TEXT PRIMARY KEY, -- the facts of other domains that this one needs: party, key, license, environment, submission; an entry by its resource
  value TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE product (
  id        TEXT PRIMARY KEY,
  operator  TEXT NOT NULL,
  license   TEXT NOT NULL,
  state     TEXT NOT NULL,
  title     TEXT NOT NULL,
  listed_at INTEGER NOT NULL,
  value     TEXT NOT NULL
) WITHOUT ROWID;
-- One index for each filter of a listing; its last columns have the listing's order.
CREATE INDEX product_listed ON product (listed_at, id);
CREATE INDEX product_operator ON product (operator, listed_at, id);
CREATE INDEX product_license ON product (license, listed_at, id);
CREATE INDEX product_state ON product (state, listed_at, id);
CREATE TABLE content (
  id      TEXT PRIMARY KEY,
  subject TEXT NOT NULL,
  object  TEXT NOT NULL,
  sha256  TEXT NOT NULL,
  removed INTEGER NOT NULL,
  value   TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX content_subject ON content (subject, id);
CREATE INDEX content_object ON content (object);
CREATE INDEX content_file ON content (sha256, subject);
CREATE TABLE orders (
  id        TEXT PRIMARY KEY,
  product   TEXT NOT NULL,
  operator  TEXT NOT NULL,
  buyer     TEXT NOT NULL,
  state     TEXT NOT NULL,
  region    TEXT NOT NULL, -- of the license
  placed_at INTEGER NOT NULL,
  value     TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX orders_placed ON orders (placed_at, id);
CREATE INDEX orders_buyer ON orders (buyer, placed_at, id);
CREATE INDEX orders_operator ON orders (operator, placed_at, id);
CREATE INDEX orders_product ON orders (product, placed_at, id);
CREATE INDEX orders_state ON orders (state, placed_at, id);
CREATE INDEX orders_buyer_product ON orders (buyer, product, placed_at, id); -- for traces
CREATE INDEX orders_operator_product ON orders (operator, product, placed_at, id);
CREATE INDEX orders_province ON orders (substr(region, 1, 2), placed_at, id);
CREATE INDEX orders_city ON orders (substr(region, 1, 4), placed_at, id);
CREATE INDEX orders_county ON orders (region, placed_at, id);

-- +goose Down
DROP TABLE orders;
DROP TABLE content;
DROP TABLE product;
DROP TABLE market_record;
