"""What an alert says, and the steps of its life."""
