-- The care team enters the birth date with the invitation; people from before have none on record.
ALTER TABLE people ADD COLUMN birth_date TEXT;
