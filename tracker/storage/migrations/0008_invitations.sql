-- Links with which patients get their accounts.
CREATE TABLE invitations (
    id TEXT PRIMARY KEY,
    person_id TEXT NOT NULL REFERENCES people(id),
    invited_by TEXT NOT NULL REFERENCES people(id),
    created_at TEXT NOT NULL,
    used_at TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX invitations_of_person ON invitations (person_id);
