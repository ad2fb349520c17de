-- Alerts that are snoozed, handed over and resolved, and the history of each.
-- What was known about an alert before this step becomes the first rows of its history.
ALTER TABLE alerts ADD COLUMN found_at TEXT;
ALTER TABLE alerts ADD COLUMN snoozed_until TEXT;
ALTER TABLE alerts ADD COLUMN escalated_at TEXT;
ALTER TABLE alerts ADD COLUMN escalations INTEGER NOT NULL DEFAULT 0;
ALTER TABLE alerts ADD COLUMN resolved_at TEXT;
ALTER TABLE alerts ADD COLUMN outcome TEXT CHECK (outcome IN ('true', 'false', 'unclear'));
DROP INDEX one_alert_a_concern;
CREATE UNIQUE INDEX one_open_alert_a_concern ON alerts (treatment_id, concern)
    WHERE resolved_at IS NULL;
CREATE INDEX alerts_unseen ON alerts (raised_at)
    WHERE acknowledged_at IS NULL AND resolved_at IS NULL;
CREATE INDEX alerts_snoozed ON alerts (snoozed_until) WHERE snoozed_until IS NOT NULL;
CREATE TABLE alert_history (
    id INTEGER PRIMARY KEY,
    alert_id TEXT NOT NULL REFERENCES alerts(id),
    step TEXT NOT NULL,
    at TEXT NOT NULL,
    by_id TEXT REFERENCES people(id),
    why TEXT NOT NULL,
    level TEXT NOT NULL,
    engine TEXT NOT NULL,
    protocol TEXT NOT NULL
) STRICT;
CREATE INDEX alert_history_of_alert ON alert_history (alert_id);
CREATE TRIGGER alert_history_is_not_rewritten BEFORE UPDATE ON alert_history
    BEGIN SELECT RAISE(ABORT, 'the history of an alert is not rewritten'); END;
CREATE TRIGGER alert_history_is_not_erased BEFORE DELETE ON alert_history
    BEGIN SELECT RAISE(ABORT, 'the history of an alert is not erased'); END;
INSERT INTO alert_history (alert_id, step, at, by_id, why, level, engine, protocol)
    SELECT id, 'opened', raised_at, NULL, '', level, engine, protocol FROM alerts;
INSERT INTO alert_history (alert_id, step, at, by_id, why, level, engine, protocol)
    SELECT id, 'seen', acknowledged_at, acknowledged_by, '', level, engine, protocol
    FROM alerts WHERE acknowledged_at IS NOT NULL;
ALTER TABLE care_team ADD COLUMN turn INTEGER NOT NULL DEFAULT 1 CHECK (turn >= 1);
ALTER TABLE people ADD COLUMN reminder_hour INTEGER DEFAULT 18
    CHECK (reminder_hour BETWEEN 0 AND 23);
ALTER TABLE people ADD COLUMN digest_hour INTEGER NOT NULL DEFAULT 7
    CHECK (digest_hour BETWEEN 0 AND 23);
