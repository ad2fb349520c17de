"""Mails: their kinds, words and hours."""
