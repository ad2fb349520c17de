"""Treatments with their photos, readings and check-ins, as rows."""
