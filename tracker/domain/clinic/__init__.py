"""The clinic itself: hours and numbers, health of the machinery, audit log."""
