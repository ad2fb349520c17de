"""Keep a changed protocol as a draft: every saving is a draft of its own."""

from datetime import datetime

from sqlite_utils import Database

from tracker.people import Person
from tracker.protocol_drafts import ProtocolDraft
from tracker.protocols import Protocols
from tracker.storage import protocol_drafts
from tracker.storage.columns import new_id
from tracker.storage.connection import writing


def draft_protocol(
    db: Database, protocols: Protocols, kind: str, text: str, author: Person, now: datetime
) -> ProtocolDraft:
    """Keep the text, whatever mistakes it has; nothing that was typed is lost.

    Raises ProtocolError when there is no such kind of treatment.
    """
    based_on = protocols.of(kind).digest
    lines = text.replace("\r\n", "\n")  # as browsers send them
    draft = ProtocolDraft(new_id(), kind, based_on, lines, author.id, author.name, now)
    with writing(db):
        protocol_drafts.insert(db, draft)
    return draft
