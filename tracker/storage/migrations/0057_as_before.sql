-- Whether pain, itch and swelling were confirmed as those of the check-in before, in one tap.
ALTER TABLE check_ins ADD COLUMN is_as_before INTEGER NOT NULL DEFAULT 0
    CHECK (is_as_before IN (0, 1));
