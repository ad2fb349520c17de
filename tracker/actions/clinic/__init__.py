"""Verbs about the clinic: its settings, health and audit log."""
