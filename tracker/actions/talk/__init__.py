"""Actions on conversations, notes and templates."""
