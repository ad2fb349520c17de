-- Templates of messages to patients; each version is a row.
CREATE TABLE reply_templates (
    version INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    title TEXT NOT NULL,
    text TEXT NOT NULL,
    concerns TEXT NOT NULL,
    author_id TEXT NOT NULL REFERENCES people(id),
    at TEXT NOT NULL,
    withdrawn INTEGER NOT NULL CHECK (withdrawn IN (0, 1))
) STRICT;
CREATE INDEX reply_templates_by_id ON reply_templates (id);
CREATE TRIGGER reply_templates_are_not_rewritten BEFORE UPDATE ON reply_templates
    BEGIN SELECT RAISE(ABORT, 'a template gets a new version'); END;
CREATE TRIGGER reply_templates_are_not_erased BEFORE DELETE ON reply_templates
    BEGIN SELECT RAISE(ABORT, 'a template is withdrawn, not erased'); END;
