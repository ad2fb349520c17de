"""Actions on protocols: edit, preview, put into force."""
