"""Verbs of the practitioner's desk."""
