"""A patient's whole record, and its translation into what other programs read."""
