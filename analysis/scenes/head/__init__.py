"""A rendered head: its shape, features, hair and skin, and the light that falls on it."""
