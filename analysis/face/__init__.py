"""Where the face is, how it is placed in the photo, and which parts of it count."""
