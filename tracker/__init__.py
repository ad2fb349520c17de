"""People, treatments, photos, readings and alerts: everything except pixels and pages."""
