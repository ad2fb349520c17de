-- Who is away, and who covers for them.
CREATE TABLE absences (
    id TEXT PRIMARY KEY,
    person_id TEXT NOT NULL REFERENCES people(id),
    deputy_id TEXT REFERENCES people(id) CHECK (deputy_id <> person_id),
    begins_at TEXT NOT NULL,
    ends_at TEXT NOT NULL,
    time_zone TEXT NOT NULL,
    entered_at TEXT NOT NULL,
    ended_at TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX absences_by_end ON absences (ends_at);
CREATE INDEX absences_of_person ON absences (person_id, begins_at);
