"""What a practitioner and a patient are shown first: the work list, the outcomes, the words."""
