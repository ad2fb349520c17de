"""Actions on accounts, staff, care teams and absences."""
