"""Passkeys: signing in with the phone's own unlock (W3C Web Authentication, Level 3).

The browser proves that it holds a private key, which never leaves it; we keep the public half.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from tracker.domain.people.people import Person

MAX_PASSKEYS = 20  # of one person
MAX_ANSWER_LENGTH = 16_384  # characters; those of real devices have some hundred
CHALLENGE_GOOD_FOR = timedelta(minutes=10)  # an intercepted answer is worthless later
# The errors of a wrong proof, and those that the library passes on from a malformed answer.
MALFORMED = (WebAuthnException, ValueError, RecursionError)


class PasskeyRefused(ValueError):  # noqa: N818  (bad input; the message names the remedy)
    """The answer of the browser does not prove what it should."""


@dataclass(frozen=True, slots=True)
class Passkey:
    """One key of a person; `id` is the credential's, base64url."""

    id: str
    person_id: str
    public_key: bytes
    sign_count: int
    added_at: datetime


@dataclass(frozen=True, slots=True)
class Challenge:
    """Random bytes that a browser was asked to sign, and when."""

    asked: bytes
    asked_at: datetime


@dataclass(frozen=True, slots=True)
class Site:
    """The site that a passkey is for: `origin` such as https://clinic.example, and its host."""

    origin: str

    @property
    def host(self) -> str:
        """The name that passkeys are bound to."""
        return urlsplit(self.origin).hostname or ""


def still_good(challenge: Challenge | None, now: datetime) -> bytes:
    """The bytes that an answer must hold. Raises PasskeyRefused when they are too old."""
    if challenge is None or not timedelta(0) <= now - challenge.asked_at < CHALLENGE_GOOD_FOR:
        raise PasskeyRefused("that took too long; try once more")
    return challenge.asked


def creation_options(site: Site, person: Person, known: list[Passkey]) -> tuple[str, bytes]:
    """The options for the browser when a key is made, as JSON, and the challenge in them."""
    options = generate_registration_options(
        rp_id=site.host,
        rp_name="Afterglow",
        user_id=person.id.encode(),
        user_name=person.email,
        user_display_name=person.name,
        exclude_credentials=[
            PublicKeyCredentialDescriptor(id=base64url_to_bytes(key.id)) for key in known
        ],
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
    )
    return options_to_json(options), options.challenge


def made(site: Site, person: Person, answer: str, challenge: bytes, now: datetime) -> Passkey:
    """The key that the browser made. Raises PasskeyRefused."""
    if len(answer) > MAX_ANSWER_LENGTH:
        raise PasskeyRefused("the passkey could not be made; try once more")
    try:
        proof = verify_registration_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=site.host,
            expected_origin=site.origin,
            require_user_verification=True,
        )
    except MALFORMED as error:
        raise PasskeyRefused("the passkey could not be made; try once more") from error
    key_id = bytes_to_base64url(proof.credential_id)
    return Passkey(key_id, person.id, proof.credential_public_key, proof.sign_count, now)


def request_options(site: Site) -> tuple[str, bytes]:
    """The options for the browser at sign-in, as JSON, and the challenge in them."""
    options = generate_authentication_options(
        rp_id=site.host, user_verification=UserVerificationRequirement.REQUIRED
    )
    return options_to_json(options), options.challenge


def proven(site: Site, key: Passkey, answer: str, challenge: bytes) -> int:
    """The key's new sign count, once the browser has proved that it holds it.

    Raises PasskeyRefused, also when the count went back: then the key may have been copied.
    """
    try:
        proof = verify_authentication_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=site.host,
            expected_origin=site.origin,
            credential_public_key=key.public_key,
            credential_current_sign_count=key.sign_count,
            require_user_verification=True,
        )
    except MALFORMED as error:
        raise PasskeyRefused("this passkey was not accepted; use your passphrase") from error
    return int(proof.new_sign_count)
