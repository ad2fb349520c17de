"""Where the face is, how it lies in the photo, and which parts of it count."""
