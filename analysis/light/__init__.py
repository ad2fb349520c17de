"""What lamps and cameras make of skin, and the way back from colour to blood and melanin."""
