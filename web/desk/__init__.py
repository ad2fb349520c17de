"""What a practitioner works with."""

from web.desk import (
    alerts,
    areas,
    comparison,
    notes,
    patients,
    treatments,
    ward_round,
    worklist,
)

blueprints = (
    alerts.blueprint,
    areas.blueprint,
    comparison.blueprint,
    notes.blueprint,
    patients.blueprint,
    treatments.blueprint,
    ward_round.blueprint,
    worklist.blueprint,
)
