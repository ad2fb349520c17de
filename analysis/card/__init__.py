"""The printed reference card: drawing it, finding it in a photo, and reading it."""
