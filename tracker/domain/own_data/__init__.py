"""What belongs to the patient: consents, who looked, export, erasure."""
