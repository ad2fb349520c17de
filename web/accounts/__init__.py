"""Getting in and out, and each person's own settings."""

from web.accounts import absences, addresses, invitations, passkeys, preferences, sign_in

blueprints = (
    absences.blueprint,
    addresses.blueprint,
    invitations.blueprint,
    passkeys.blueprint,
    preferences.blueprint,
    sign_in.blueprint,
)
