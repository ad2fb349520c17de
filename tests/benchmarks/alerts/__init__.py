"""How well concerns are found: a cohort of invented courses with known truth."""
