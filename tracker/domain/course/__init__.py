"""The facts of one course: treatment, photos, readings, answers, drawings."""
