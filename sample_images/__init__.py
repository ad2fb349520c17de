"""Sample courses of invented people: the command that makes them, `python -m sample_images`."""
