"""The data for the work list and the outcomes."""
