"""Changing a protocol: check it, compare it, preview what it would have raised."""
