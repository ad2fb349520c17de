"""Actions on alerts: raise, escalate, show, answer."""
