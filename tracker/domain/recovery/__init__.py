"""Is this recovery normal? From readings and answers to findings."""
