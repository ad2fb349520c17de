"""The tables about the clinic as a whole, as the migrations make them."""

# A column takes its CHECK with it when it goes; the table, and all that refers to it, stays.
ROLES_AND_DUTIES = """
ALTER TABLE people RENAME COLUMN role TO former_role;
ALTER TABLE people ADD COLUMN role TEXT NOT NULL DEFAULT 'patient'
    CHECK (role IN ('patient', 'practitioner', 'assistant', 'office'));
UPDATE people SET role = former_role;
ALTER TABLE people DROP COLUMN former_role;
ALTER TABLE people ADD COLUMN duties TEXT NOT NULL DEFAULT '[]';
ALTER TABLE people ADD COLUMN suspended_at TEXT;
"""

CLINIC = """
CREATE TABLE clinic (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    phone TEXT NOT NULL,
    emergency_number TEXT NOT NULL,
    time_zone TEXT NOT NULL,
    week TEXT NOT NULL,
    closed TEXT NOT NULL,
    edition INTEGER NOT NULL
) STRICT;
"""

# No foreign keys: what was done stays on record after a patient is erased, to whom no id leads.
AUDIT_LOG = """
CREATE TABLE audit_log (
    id INTEGER PRIMARY KEY,
    act TEXT NOT NULL,
    at TEXT NOT NULL,
    by_id TEXT,
    about_id TEXT,
    details TEXT NOT NULL
) STRICT;
CREATE INDEX audit_log_by_time ON audit_log (at);
CREATE INDEX audit_log_of_person ON audit_log (by_id, at);
CREATE INDEX audit_log_about ON audit_log (about_id, at);
CREATE TRIGGER audit_log_is_not_rewritten BEFORE UPDATE ON audit_log
    BEGIN SELECT RAISE(ABORT, 'the audit log is not rewritten'); END;
CREATE TRIGGER audit_log_is_not_erased BEFORE DELETE ON audit_log
    BEGIN SELECT RAISE(ABORT, 'the audit log is not erased'); END;
"""

SIGNS_OF_LIFE = """
CREATE TABLE signs_of_life (
    sign TEXT PRIMARY KEY,
    at TEXT NOT NULL
) STRICT, WITHOUT ROWID;
"""

# `seconds` is a count that nobody sets, as a clock is. Since when news waits to be judged is kept
# by the database itself, so that no writer can forget it.
OVERDUE = """
ALTER TABLE signs_of_life ADD COLUMN seconds REAL;
ALTER TABLE treatments ADD COLUMN unjudged_since TEXT;
UPDATE treatments SET unjudged_since = strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now')
    WHERE news > judged;
CREATE TRIGGER treatments_news_came AFTER UPDATE OF news ON treatments
    WHEN NEW.news > NEW.judged AND NEW.unjudged_since IS NULL
    BEGIN UPDATE treatments SET unjudged_since = strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now')
        WHERE id = NEW.id; END;
CREATE TRIGGER treatments_judged AFTER UPDATE OF judged ON treatments
    BEGIN UPDATE treatments SET unjudged_since = CASE WHEN NEW.news > NEW.judged
        THEN strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now') END WHERE id = NEW.id; END;
"""

# Histories that are kept elsewhere are shown beside the log and not written twice.
AUDIT_TRAIL = """
CREATE VIEW audit_trail AS
    SELECT act, at, by_id, about_id, details FROM audit_log
    UNION ALL
    SELECT 'photo_opened', last_at, person_id, patient_id, 'first ' || substr(first_at, 1, 16)
        FROM looks JOIN photos ON photos.id = photo_id
    UNION ALL
    SELECT 'alert_answered', at, by_id, patient_id, step
        FROM alert_history JOIN alerts ON alerts.id = alert_id WHERE by_id IS NOT NULL
    UNION ALL
    SELECT 'protocol_changed', at, by_id, NULL, kind FROM protocol_enactments;
"""

# Opening an alert is already in the log as opening the patient; it is not an answer.
AUDIT_TRAIL_OF_ANSWERS = "DROP VIEW audit_trail;" + AUDIT_TRAIL.replace(
    "WHERE by_id IS NOT NULL", "WHERE by_id IS NOT NULL AND step <> 'read'"
)
