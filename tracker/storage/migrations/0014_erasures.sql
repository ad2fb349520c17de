-- Closed accounts. A history can be erased only together with its patient.
CREATE TABLE erasures (
    patient_id TEXT PRIMARY KEY,
    asked_at TEXT NOT NULL,
    due_at TEXT NOT NULL,
    erased_at TEXT
) STRICT, WITHOUT ROWID;
DROP TRIGGER consents_are_not_erased;
CREATE TRIGGER consents_are_not_erased BEFORE DELETE ON consents
    WHEN NOT EXISTS (SELECT 1 FROM erasures WHERE erasures.patient_id = OLD.patient_id)
    BEGIN SELECT RAISE(ABORT, 'a decision is not erased'); END;
DROP TRIGGER alert_history_is_not_erased;
CREATE TRIGGER alert_history_is_not_erased BEFORE DELETE ON alert_history
    WHEN NOT EXISTS (SELECT 1 FROM erasures JOIN alerts ON alerts.patient_id = erasures.patient_id
        WHERE alerts.id = OLD.alert_id)
    BEGIN SELECT RAISE(ABORT, 'the history of an alert is not erased'); END;
