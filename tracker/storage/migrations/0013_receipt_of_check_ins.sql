-- When answers arrived; a phone may have kept them for a while.
-- For older answers only the time at which they were given is known.
ALTER TABLE check_ins ADD COLUMN received_at TEXT NOT NULL DEFAULT '';
UPDATE check_ins SET received_at = at;
