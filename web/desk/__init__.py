"""What a practitioner works with."""

from web.desk import alerts, areas, comparison, notes, patients, treatments, worklist

blueprints = (
    alerts.blueprint,
    areas.blueprint,
    comparison.blueprint,
    notes.blueprint,
    patients.blueprint,
    treatments.blueprint,
    worklist.blueprint,
)
