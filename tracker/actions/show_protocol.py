"""One protocol in force, how it came to be so, and what waits to replace it."""

from dataclasses import dataclass

from sqlite_utils import Database

from tracker.protocol_drafts import Enactment, Origin, ProtocolDraft, origin
from tracker.protocols import Protocol, Protocols
from tracker.storage import protocol_drafts, protocol_enactments, protocol_files

LATEST_DRAFTS = 5


@dataclass(frozen=True, slots=True)
class ProtocolCase:
    """The protocol in force, with what the clinic ever put into force, the latest first.

    `shipped` is the one that comes with Afterglow, None where none does.
    """

    protocol: Protocol
    origin: Origin
    enactments: tuple[Enactment, ...]
    drafts: tuple[ProtocolDraft, ...]
    shipped: Protocol | None


def show_protocol(
    db: Database, protocols: Protocols, kept_in_files: frozenset[str], kind: str
) -> ProtocolCase:
    """The protocol of a kind of treatment; ProtocolError when there is none."""
    enactments = tuple(protocol_enactments.of_kind(db, kind))
    return ProtocolCase(
        protocol=protocols.of(kind),
        origin=origin(kind, kept_in_files, enactments),
        enactments=enactments,
        drafts=tuple(protocol_drafts.latest(db, kind, LATEST_DRAFTS)),
        shipped=protocol_files.shipped(kind),
    )
