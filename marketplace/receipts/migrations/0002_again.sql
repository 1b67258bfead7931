-- +goose Up

-- How many bytes the resumes of one delivery have sent twice.
ALTER TABLE held ADD COLUMN again INTEGER NOT NULL DEFAULT 0;
ALTER TABLE unfinished ADD COLUMN again INTEGER NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE unfinished DROP COLUMN again;
ALTER TABLE held DROP COLUMN again;
