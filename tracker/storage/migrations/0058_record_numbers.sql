-- The number under which the clinic keeps a patient's other records; empty where none is entered.
ALTER TABLE people ADD COLUMN record_number TEXT NOT NULL DEFAULT '';
CREATE INDEX people_by_record_number ON people (record_number COLLATE NOCASE)
    WHERE record_number <> '';
