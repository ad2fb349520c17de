"""The clinic: its people, hours, health, numbers and protocols."""

from web.clinic import audit, care_team, clinic, outbox, protocols, records, replies, staff

blueprints = (
    audit.blueprint,
    care_team.blueprint,
    clinic.blueprint,
    outbox.blueprint,
    protocols.blueprint,
    records.blueprint,
    replies.blueprint,
    staff.blueprint,
)
