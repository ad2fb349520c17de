-- When a session was last used, so that it ends when nobody uses it.
ALTER TABLE sessions ADD COLUMN seen_at TEXT NOT NULL DEFAULT '';
UPDATE sessions SET seen_at = began_at;
