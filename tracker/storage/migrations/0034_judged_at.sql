-- When a course was last judged, so that answers that arrive days late are still judged.
ALTER TABLE treatments ADD COLUMN judged_at TEXT;
