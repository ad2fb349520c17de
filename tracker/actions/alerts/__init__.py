"""Verbs about alerts: raise, watch the clock, show, answer."""
