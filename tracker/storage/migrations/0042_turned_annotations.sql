-- Whether the pictures on which this was drawn were those of a turned baseline.
ALTER TABLE annotations ADD COLUMN turned INTEGER NOT NULL DEFAULT 0;
