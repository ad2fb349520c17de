-- Codes with which patients give practitioners access.
CREATE TABLE share_codes (
    digest TEXT PRIMARY KEY,
    patient_id TEXT NOT NULL REFERENCES people(id),
    created_at TEXT NOT NULL,
    used_at TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX share_codes_of_patient ON share_codes (patient_id);
