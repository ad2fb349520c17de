"""Verbs about conversations, notes and templates."""
