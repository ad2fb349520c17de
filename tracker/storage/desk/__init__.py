"""What the work list and the outcomes are read from."""
