-- Who did what, to whose record; rows are only added.
-- There are no foreign keys: the log stays when a patient is erased, and then the id leads nowhere.
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
