-- What a patient answered on the phone to the questions before a treatment. Every answer is kept
-- with the words of its question; an edition of a screening says which of them were confirmed.
CREATE TABLE ahead_answers (
    number INTEGER PRIMARY KEY,
    patient_id TEXT NOT NULL REFERENCES people(id),
    kind TEXT NOT NULL,
    question TEXT NOT NULL,
    asked TEXT NOT NULL,
    answer TEXT NOT NULL CHECK (answer IN ('yes', 'no', 'unknown')),
    at TEXT NOT NULL,
    treatment_id TEXT REFERENCES treatments(id),
    edition INTEGER
) STRICT;
CREATE INDEX ahead_answers_of_patient ON ahead_answers (patient_id);
CREATE INDEX ahead_answers_of_treatment ON ahead_answers (treatment_id);
CREATE TRIGGER ahead_answers_are_not_rewritten
    BEFORE UPDATE OF number, patient_id, kind, question, asked, answer, at ON ahead_answers
    BEGIN SELECT RAISE(ABORT, 'what a patient answered is not rewritten'); END;
