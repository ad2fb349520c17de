"""Links that work without signing in: signed, so that they cannot be forged."""

import hashlib
from enum import StrEnum

from itsdangerous import BadSignature, URLSafeSerializer


class LinkPurpose(StrEnum):
    """What a link is for; one that was signed for one purpose does not work for another."""

    UNSUBSCRIBE = "unsubscribe"  # names a person; it never expires (RFC 8058)
    ADDRESS = "address"  # names a person who signed up; following it twice changes nothing
    INVITATION = "invitation"  # names an invitation; its row says whether it still works


def signed(purpose: LinkPurpose, name: str, key: bytes) -> str:
    """The token that a link contains and that names something."""
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
