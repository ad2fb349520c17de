"""What is known about each kind of treatment; every medical number is in the TOML files."""
