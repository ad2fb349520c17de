-- People, treatments, photos, readings, check-ins, alerts and mails.
CREATE TABLE people (
    id TEXT PRIMARY KEY,
    role TEXT NOT NULL CHECK (role IN ('patient', 'practitioner')),
    name TEXT NOT NULL,
    email TEXT NOT NULL UNIQUE,
    time_zone TEXT NOT NULL,
    skin_type INTEGER CHECK (skin_type BETWEEN 1 AND 6),
    history TEXT NOT NULL
) STRICT;
CREATE TABLE credentials (
    person_id TEXT PRIMARY KEY REFERENCES people(id),
    passphrase_hash TEXT NOT NULL
) STRICT;
CREATE TABLE sessions (
    token_digest TEXT PRIMARY KEY,
    person_id TEXT NOT NULL REFERENCES people(id),
    began_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_of_person ON sessions (person_id);
CREATE INDEX sessions_by_age ON sessions (began_at);
CREATE TABLE care_team (
    practitioner_id TEXT NOT NULL REFERENCES people(id),
    patient_id TEXT NOT NULL REFERENCES people(id),
    PRIMARY KEY (practitioner_id, patient_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX care_team_of_patient ON care_team (patient_id);
CREATE TABLE treatments (
    id TEXT PRIMARY KEY,
    patient_id TEXT NOT NULL REFERENCES people(id),
    kind TEXT NOT NULL,
    performed_at TEXT NOT NULL,
    setting TEXT NOT NULL,
    needle_depth_mm REAL,
    areas TEXT NOT NULL,
    news INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX treatments_of_patient ON treatments (patient_id, performed_at);
CREATE INDEX treatments_with_news ON treatments (news) WHERE news > 0;
CREATE TABLE photos (
    id TEXT PRIMARY KEY,
    treatment_id TEXT NOT NULL REFERENCES treatments(id),
    patient_id TEXT NOT NULL REFERENCES people(id),
    role TEXT NOT NULL,
    status TEXT NOT NULL,
    taken_at TEXT NOT NULL,
    received_at TEXT NOT NULL,
    skin_state TEXT NOT NULL,
    faults TEXT NOT NULL DEFAULT '[]',
    warnings TEXT NOT NULL DEFAULT '[]',
    attempts INTEGER NOT NULL DEFAULT 0,
    claimed_at TEXT,
    digest TEXT NOT NULL,
    UNIQUE (treatment_id, digest)
) STRICT;
CREATE INDEX photos_of_treatment ON photos (treatment_id, taken_at);
CREATE INDEX photos_to_do ON photos (status, taken_at) WHERE status IN ('waiting', 'measuring');
CREATE TABLE readings (
    id INTEGER PRIMARY KEY,
    photo_id TEXT NOT NULL REFERENCES photos(id),
    baseline_id TEXT NOT NULL REFERENCES photos(id),
    method TEXT NOT NULL,
    opencv TEXT NOT NULL,
    reference TEXT NOT NULL,
    residual REAL NOT NULL,
    UNIQUE (photo_id, method)
) STRICT;
CREATE TABLE region_readings (
    reading_id INTEGER NOT NULL REFERENCES readings(id),
    region TEXT NOT NULL,
    redness REAL NOT NULL,
    redness_sd REAL NOT NULL,
    pigment REAL NOT NULL,
    pigment_sd REAL NOT NULL,
    lab_l REAL NOT NULL,
    lab_a REAL NOT NULL,
    lab_b REAL NOT NULL,
    ita REAL NOT NULL,
    erythema_index REAL NOT NULL,
    melanin_index REAL NOT NULL,
    share REAL NOT NULL,
    PRIMARY KEY (reading_id, region)
) STRICT, WITHOUT ROWID;
CREATE TABLE check_ins (
    id TEXT PRIMARY KEY,
    treatment_id TEXT NOT NULL REFERENCES treatments(id),
    patient_id TEXT NOT NULL REFERENCES people(id),
    at TEXT NOT NULL,
    answers TEXT NOT NULL
) STRICT;
CREATE INDEX check_ins_of_treatment ON check_ins (treatment_id, at);
CREATE TABLE alerts (
    id TEXT PRIMARY KEY,
    patient_id TEXT NOT NULL REFERENCES people(id),
    treatment_id TEXT NOT NULL REFERENCES treatments(id),
    concern TEXT NOT NULL,
    level TEXT NOT NULL,
    raised_at TEXT NOT NULL,
    probability REAL NOT NULL,
    onset_day REAL,
    regions TEXT NOT NULL,
    evidence TEXT NOT NULL,
    photo_id TEXT REFERENCES photos(id),
    engine TEXT NOT NULL,
    protocol TEXT NOT NULL,
    flagged_at TEXT,
    acknowledged_at TEXT,
    acknowledged_by TEXT REFERENCES people(id)
) STRICT;
CREATE UNIQUE INDEX one_alert_a_concern ON alerts (treatment_id, concern);
CREATE INDEX alerts_of_patient ON alerts (patient_id);
CREATE TABLE messages (
    id TEXT PRIMARY KEY,
    recipient_id TEXT NOT NULL REFERENCES people(id),
    to_address TEXT NOT NULL,
    alert_id TEXT NOT NULL REFERENCES alerts(id),
    created_at TEXT NOT NULL,
    next_attempt_at TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    sent_at TEXT,
    failed_at TEXT,
    error TEXT NOT NULL DEFAULT '',
    UNIQUE (alert_id, created_at, recipient_id)
) STRICT;
CREATE INDEX messages_to_send ON messages (next_attempt_at)
    WHERE sent_at IS NULL AND failed_at IS NULL;
