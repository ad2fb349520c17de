-- What a phone's clock said about answers, where that clock was wrong.
ALTER TABLE check_ins ADD COLUMN phone_at TEXT;
