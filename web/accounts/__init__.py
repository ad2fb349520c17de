"""Getting in and out, and what each person sets for themselves."""

from web.accounts import absences, addresses, invitations, passkeys, preferences, sign_in

blueprints = (
    absences.blueprint,
    addresses.blueprint,
    invitations.blueprint,
    passkeys.blueprint,
    preferences.blueprint,
    sign_in.blueprint,
)
