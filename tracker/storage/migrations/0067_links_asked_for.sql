-- Whether a link was asked for with the address alone: it leaves one that the clinic made as it is.
ALTER TABLE invitations ADD COLUMN is_asked INTEGER NOT NULL DEFAULT 0;
