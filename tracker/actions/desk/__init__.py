"""Actions of the practitioner's desk."""
