"""Links that stop reminders with one click: signed, so that nobody can stop another's."""

import hashlib

from itsdangerous import BadSignature, URLSafeSerializer


def unsubscribe_token(person_id: str, key: bytes) -> str:
    """What stands in the link of a person's mails; it never grows old (RFC 8058)."""
    return str(_serializer(key).dumps(person_id))


def person_of_token(token: str, key: bytes) -> str | None:
    """Whose link it is, or None when it was not signed with this key."""
    try:
        person_id = _serializer(key).loads(token)
    except BadSignature:
        return None
    return person_id if isinstance(person_id, str) else None


def _serializer(key: bytes) -> URLSafeSerializer:
    return URLSafeSerializer(
        key, salt="unsubscribe", signer_kwargs={"digest_method": hashlib.sha256}
    )
