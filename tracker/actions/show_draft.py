"""A draft of a protocol: its mistakes, what differs, and what it would have raised."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlite_utils import Database

from tracker.alerts import Concern
from tracker.limits_preview import CourseCount, in_all, preview_since
from tracker.protocol_drafts import Line, ProtocolDraft, differences
from tracker.protocol_edits import checked, misfits
from tracker.protocols import Protocol, Protocols
from tracker.storage import protocol_drafts, protocol_files, protocol_previews, treatments
from tracker.toml_tables import Mistake


@dataclass(frozen=True, slots=True)
class Preview:
    """What was counted so far: `done` of `courses`, and the counts by concern."""

    done: int
    courses: int
    by_concern: Mapping[Concern, CourseCount]


@dataclass(frozen=True, slots=True)
class DraftCase:
    """A draft beside the protocol in force; with mistakes, or outdated, there is no preview.

    `is_outdated` tells that another edition came into force after the draft was begun.
    """

    draft: ProtocolDraft
    in_force: Protocol
    changed: Protocol | None
    mistakes: tuple[Mistake, ...]
    differences: tuple[Line, ...]
    preview: Preview | None

    @property
    def is_outdated(self) -> bool:
        """Whether the draft would undo an edition that its author had not seen."""
        return self.draft.based_on != self.in_force.digest


def show_draft(db: Database, protocols: Protocols, draft_id: str) -> DraftCase | None:
    """The draft with this id, or None."""
    draft = protocol_drafts.get(db, draft_id)
    if draft is None:
        return None
    in_force, shipped = protocols.of(draft.kind), protocol_files.shipped(draft.kind)
    changed = checked(draft.text, draft.kind, shipped)
    mistakes = (
        misfits(changed, treatments.of_kind(db, draft.kind))
        if isinstance(changed, Protocol)
        else changed
    )
    return DraftCase(
        draft=draft,
        in_force=in_force,
        changed=changed if isinstance(changed, Protocol) else None,
        mistakes=mistakes,
        differences=differences(in_force.text, draft.text),
        preview=None if mistakes or draft.based_on != in_force.digest else _preview(db, draft),
    )


def _preview(db: Database, draft: ProtocolDraft) -> Preview:
    counted = protocol_previews.of_draft(db, draft.id)
    heard = treatments.heard_since(db, draft.kind, preview_since(draft.at))
    return Preview(len(counted), max(len(heard), len(counted)), in_all(counted))
