"""Nouns and rules: frozen facts and pure functions over them. Knows no machine."""
