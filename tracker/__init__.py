"""People, treatments, photos, readings and alerts: everything but pixels and pages."""
