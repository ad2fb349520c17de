-- Links with which people choose a new passphrase; a used link has no row any more.
CREATE TABLE renewals (
    id TEXT PRIMARY KEY,
    person_id TEXT NOT NULL REFERENCES people(id),
    issued_by TEXT REFERENCES people(id),
    created_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX renewals_of_person ON renewals (person_id);
