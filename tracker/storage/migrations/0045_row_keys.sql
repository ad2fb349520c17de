-- The key with which a patient's rows are encrypted in backups; deleted with the person.
CREATE TABLE row_keys (
    person_id TEXT PRIMARY KEY REFERENCES people(id),
    key BLOB NOT NULL
) STRICT, WITHOUT ROWID;
