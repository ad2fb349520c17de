-- By when an alert that was seen is decided; kept after that time, until the next answer.
ALTER TABLE alerts ADD COLUMN decide_by TEXT;
