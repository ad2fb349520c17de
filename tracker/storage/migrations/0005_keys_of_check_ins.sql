-- A phone gives each check-in a key, so that one that is sent twice is recognised.
ALTER TABLE check_ins ADD COLUMN key TEXT;
CREATE UNIQUE INDEX check_ins_by_key ON check_ins (patient_id, key);
