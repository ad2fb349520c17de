-- The direction from which a photo shows the face.
ALTER TABLE photos ADD COLUMN view TEXT NOT NULL DEFAULT 'front';
