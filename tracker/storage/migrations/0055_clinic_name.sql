-- What patients know the clinic by: on their welcome, and on paper.
ALTER TABLE clinic ADD COLUMN name TEXT NOT NULL DEFAULT '';
