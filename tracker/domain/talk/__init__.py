"""What people write to each other: conversations, notes, templates."""
