"""Kinds, numbers and times in words."""
