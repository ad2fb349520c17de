"""Files of photos taken apart: the picture alone, and what the file notes about it."""
