"""How well the measurement measures: photos of known truth, on every tone, under every light."""
