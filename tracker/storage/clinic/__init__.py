"""The clinic, its audit log and the state of its machine, as rows."""
