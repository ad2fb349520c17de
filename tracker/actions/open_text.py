"""Open a protocol's text by its name: a draft, or an edition that was in use."""

from sqlite_utils import Database

from tracker.storage import protocol_drafts, protocol_editions


def open_text(db: Database, kind: str, name: str) -> str | None:
    """The text of the draft with this id, or of the edition with this digest; None without one."""
    draft = protocol_drafts.get(db, name)
    if draft is not None:
        return draft.text if draft.kind == kind else None
    return protocol_editions.text_of_kind(db, kind, name)
