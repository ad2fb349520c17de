-- What was asked before a treatment, and lines of aftercare for one patient only.
CREATE TABLE screenings (
    treatment_id TEXT PRIMARY KEY REFERENCES treatments(id),
    answers TEXT NOT NULL,
    at TEXT NOT NULL,
    by_id TEXT REFERENCES people(id)
) STRICT;
CREATE TABLE care_lines (
    id TEXT PRIMARY KEY,
    patient_id TEXT NOT NULL REFERENCES people(id),
    heading TEXT NOT NULL CHECK (heading IN ('do', 'avoid', 'normal', 'call_us')),
    line TEXT NOT NULL,
    first_date TEXT NOT NULL,
    last_date TEXT NOT NULL,
    added_by TEXT NOT NULL REFERENCES people(id),
    added_at TEXT NOT NULL,
    ended_by TEXT REFERENCES people(id),
    ended_at TEXT
) STRICT;
CREATE INDEX care_lines_of_patient ON care_lines (patient_id) WHERE ended_at IS NULL;
