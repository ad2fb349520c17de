-- Whether a photo had waited for a treatment, and was dated then; null if it never waited.
-- When that treatment proves to be of another patient, the photo waits again.
ALTER TABLE photos ADD COLUMN early_dated INTEGER;
