-- How many sessions a patient's series has, counted from one treatment, and the days between them.
CREATE TABLE session_plans (
    patient_id TEXT PRIMARY KEY REFERENCES people(id),
    treatment_id TEXT NOT NULL REFERENCES treatments(id),
    number INTEGER NOT NULL,
    sessions INTEGER NOT NULL,
    every_days INTEGER NOT NULL,
    made_at TEXT NOT NULL,
    made_by TEXT NOT NULL REFERENCES people(id)
) STRICT;
