"""Verbs about protocols: edit, preview, put into force."""
