"""The tables about a patient's rights over their own data, as the migrations make them."""

CONSENTS = """
CREATE TABLE consents (
    id INTEGER PRIMARY KEY,
    patient_id TEXT NOT NULL REFERENCES people(id),
    purpose TEXT NOT NULL CHECK (purpose IN ('care', 'teaching', 'research')),
    photo_id TEXT REFERENCES photos(id),
    decision TEXT NOT NULL CHECK (decision IN ('given', 'withdrawn')),
    at TEXT NOT NULL,
    CHECK (photo_id IS NULL OR purpose <> 'care')
) STRICT;
CREATE INDEX consents_of_patient ON consents (patient_id, purpose);
CREATE TRIGGER consents_are_not_rewritten BEFORE UPDATE ON consents
    BEGIN SELECT RAISE(ABORT, 'a decision is not rewritten'); END;
CREATE TRIGGER consents_are_not_erased BEFORE DELETE ON consents
    BEGIN SELECT RAISE(ABORT, 'a decision is not erased'); END;
CREATE VIEW care_withdrawn AS
    SELECT patient_id, at FROM consents AS latest
    WHERE purpose = 'care' AND decision = 'withdrawn' AND NOT EXISTS (
        SELECT 1 FROM consents AS later WHERE later.patient_id = latest.patient_id
            AND later.purpose = 'care' AND later.id > latest.id);
"""

# A history is only erased together with the patient whose it is.
ERASURES = """
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
"""

CONVERSATION = """
CREATE TABLE remarks (
    id TEXT PRIMARY KEY,
    patient_id TEXT NOT NULL REFERENCES people(id),
    author_id TEXT NOT NULL REFERENCES people(id),
    at TEXT NOT NULL,
    text TEXT NOT NULL,
    has_photo INTEGER NOT NULL CHECK (has_photo IN (0, 1)),
    key TEXT NOT NULL,
    UNIQUE (author_id, key)
) STRICT;
CREATE INDEX remarks_of_patient ON remarks (patient_id, at);
CREATE TABLE remark_receipts (
    remark_id TEXT NOT NULL REFERENCES remarks(id),
    person_id TEXT NOT NULL REFERENCES people(id),
    seen_at TEXT NOT NULL,
    PRIMARY KEY (remark_id, person_id)
) STRICT, WITHOUT ROWID;
"""

SHARE_CODES = """
CREATE TABLE share_codes (
    digest TEXT PRIMARY KEY,
    patient_id TEXT NOT NULL REFERENCES people(id),
    created_at TEXT NOT NULL,
    used_at TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX share_codes_of_patient ON share_codes (patient_id);
"""

# Who signed up alone and has not shown yet that the address is theirs.
UNCONFIRMED_ADDRESSES = """
CREATE TABLE unconfirmed_addresses (
    person_id TEXT PRIMARY KEY REFERENCES people(id)
) STRICT, WITHOUT ROWID;
"""
