"""What a practitioner works with."""

from web.desk import alerts, areas, care, comparison, notes, patients, treatments, worklist

blueprints = (
    alerts.blueprint,
    areas.blueprint,
    care.blueprint,
    comparison.blueprint,
    notes.blueprint,
    patients.blueprint,
    treatments.blueprint,
    worklist.blueprint,
)
