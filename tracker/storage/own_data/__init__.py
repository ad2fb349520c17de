"""Consents, erasures and looks at photos, as rows."""
