"""Getting in and out, and each person's own settings."""

from web.accounts import (
    absences,
    invitations,
    links,
    passkeys,
    passphrases,
    preferences,
    sign_in,
)

blueprints = (
    absences.blueprint,
    invitations.blueprint,
    links.blueprint,
    passkeys.blueprint,
    passphrases.blueprint,
    preferences.blueprint,
    sign_in.blueprint,
)
