"""Protocols: the shipped files, and the editions of the clinic as rows."""
