-- Records that came from another clinic.
CREATE TABLE imports (
    patient_id TEXT PRIMARY KEY REFERENCES people(id),
    clinic TEXT NOT NULL,
    exported_at TEXT NOT NULL,
    imported_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;
-- The ids that the patient had at the clinics before, so that no record comes twice.
CREATE TABLE import_origins (
    origin TEXT PRIMARY KEY,
    patient_id TEXT NOT NULL REFERENCES people(id)
) STRICT, WITHOUT ROWID;
CREATE INDEX import_origins_of_patient ON import_origins (patient_id);
-- Who did something about the patient at another clinic: suspended people without an account.
CREATE TABLE people_elsewhere (
    person_id TEXT PRIMARY KEY REFERENCES people(id),
    patient_id TEXT NOT NULL REFERENCES people(id),
    name TEXT NOT NULL,
    clinic TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX people_elsewhere_of_patient ON people_elsewhere (patient_id);
-- Photos of a record that is being taken in; they have no other row until all of it has.
CREATE TABLE import_files (
    photo_id TEXT PRIMARY KEY,
    import_id TEXT NOT NULL,
    began_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX import_files_by_time ON import_files (began_at);
-- An edition that came with a record was never in force here.
ALTER TABLE protocol_editions ADD COLUMN is_imported INTEGER NOT NULL DEFAULT 0
    CHECK (is_imported IN (0, 1));
CREATE TRIGGER imports_came AFTER INSERT ON imports
    BEGIN UPDATE worklist_version SET number = number + 1; END;
CREATE TRIGGER imports_went AFTER DELETE ON imports
    BEGIN UPDATE worklist_version SET number = number + 1; END;
