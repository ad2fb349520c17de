-- Whether left and right in a photo are sure; of photos that came before, nothing is known.
ALTER TABLE photos ADD COLUMN sides TEXT NOT NULL DEFAULT 'unknown';
