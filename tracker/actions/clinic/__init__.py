"""Actions on the clinic: its settings, health and audit log."""
