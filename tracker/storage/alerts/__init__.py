"""Alerts and their history, as rows."""
