"""Verbs about accounts, staff, care teams and absences."""
