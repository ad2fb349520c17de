-- The second step of signing in: apps, recovery codes, sign-ins that wait for it, and tries.
CREATE TABLE authenticators (
    person_id TEXT PRIMARY KEY REFERENCES people(id),
    secret TEXT NOT NULL,
    last_step INTEGER NOT NULL,
    added_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE recovery_codes (
    code_hash TEXT PRIMARY KEY,
    person_id TEXT NOT NULL REFERENCES people(id)
) STRICT, WITHOUT ROWID;
CREATE INDEX recovery_codes_of_person ON recovery_codes (person_id);
CREATE TABLE half_sessions (
    token_digest TEXT PRIMARY KEY,
    person_id TEXT NOT NULL REFERENCES people(id),
    began_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE second_step_tries (
    id INTEGER PRIMARY KEY,
    person_id TEXT NOT NULL REFERENCES people(id),
    at TEXT NOT NULL
) STRICT;
CREATE INDEX second_step_tries_of_person ON second_step_tries (person_id, at);
