"""Actions on mail: send what is due, write reminders and digests."""
