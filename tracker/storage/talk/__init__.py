"""Conversations, notes and reply templates, as rows."""
