"""Marks of charts as plain numbers and words."""
