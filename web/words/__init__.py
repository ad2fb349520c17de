"""How a kind, a number or a moment is said."""
