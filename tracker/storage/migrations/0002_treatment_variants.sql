-- Which variant of a treatment was done, such as a deep peel.
ALTER TABLE treatments ADD COLUMN variant TEXT;
