"""Actions on the patient's own data: consent, export, close, erase."""
