"""Accounts, sessions and care teams, as rows."""
