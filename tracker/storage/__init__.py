"""Stored facts: one SQLite file, folders by theme. Only actions and shells use it."""
