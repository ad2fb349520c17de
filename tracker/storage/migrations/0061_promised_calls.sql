-- Until when a patient was promised a call; kept after that time, until the next answer.
ALTER TABLE alerts ADD COLUMN call_by TEXT;
