"""Links that work without signing in: signed, so that they cannot be forged."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from itsdangerous import BadSignature, URLSafeSerializer

RENEWAL_GOOD_FOR = timedelta(hours=1)
RENEWAL_MAIL_EVERY = timedelta(minutes=10)  # at most, so that strangers fill no mailbox


class LinkPurpose(StrEnum):
    """What a link is for; one that was signed for one purpose does not work for another."""

    UNSUBSCRIBE = "unsubscribe"  # names a person; it never expires (RFC 8058)
    INVITATION = "invitation"  # names an invitation; its row says whether it still works
    RENEWAL = "renewal"  # names a renewal; its row ends with its use


@dataclass(frozen=True, slots=True)
class Renewal:
    """What a signed link names: one person who may choose a new passphrase, once, for an hour.

    `issued_by` is the colleague who made it; None when the person asked by mail, and for the
    command line.
    """

    id: str
    person_id: str
    issued_by: str | None
    created_at: datetime

    @property
    def expires_at(self) -> datetime:
        """The time from which the link no longer works."""
        return self.created_at + RENEWAL_GOOD_FOR

    def is_open(self, now: datetime) -> bool:
        """Whether the link still works."""
        return self.created_at <= now < self.expires_at


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
