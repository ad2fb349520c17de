"""Links that are good without signing in: signed, so that nobody can make another's."""

import hashlib
from enum import StrEnum

from itsdangerous import BadSignature, URLSafeSerializer


class LinkPurpose(StrEnum):
    """What a link is for; one that was signed for one purpose is no good for another."""

    UNSUBSCRIBE = "unsubscribe"  # names a person; it never grows old (RFC 8058)
    ADDRESS = "address"  # names a person who signed up; following it twice changes nothing
    INVITATION = "invitation"  # names an invitation, which is used up and grows old by its row


def signed(purpose: LinkPurpose, name: str, key: bytes) -> str:
    """The token that stands in a link and names something."""
    return str(_serializer(purpose, key).dumps(name))


def named_by(purpose: LinkPurpose, token: str, key: bytes) -> str | None:
    """What a token names, or None when it was not signed for this with this key."""
    try:
        name = _serializer(purpose, key).loads(token)
    except BadSignature:
        return None
    return name if isinstance(name, str) else None


def _serializer(purpose: LinkPurpose, key: bytes) -> URLSafeSerializer:
    return URLSafeSerializer(key, salt=purpose, signer_kwargs={"digest_method": hashlib.sha256})
