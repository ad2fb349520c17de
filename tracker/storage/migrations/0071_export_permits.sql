-- Who asked that a patient's whole record may leave, to which clinic, and who else allowed it.
CREATE TABLE export_permits (
    id TEXT PRIMARY KEY,
    patient_id TEXT NOT NULL REFERENCES people(id),
    clinic TEXT NOT NULL,
    asked_by TEXT NOT NULL REFERENCES people(id),
    asked_at TEXT NOT NULL,
    allowed_by TEXT REFERENCES people(id) CHECK (allowed_by <> asked_by),
    allowed_at TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX export_permits_of_patient ON export_permits (patient_id, asked_at);
