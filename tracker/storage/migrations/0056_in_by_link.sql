-- Patients come in by the link of their invitation and the year in which they were born. Tries at
-- the year count with the link; such a session may do less until its owner chose a way to sign in.
ALTER TABLE invitations ADD COLUMN tries INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sessions ADD COLUMN by_link INTEGER NOT NULL DEFAULT 0;
