"""Verbs about the patient's own data: consent, export, close, erase."""
