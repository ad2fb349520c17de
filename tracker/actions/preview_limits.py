"""Tell what a changed protocol would have raised on the courses that are stored."""

from collections.abc import Iterator
from datetime import datetime

from sqlite_utils import Database

from tracker.limits_preview import Compared, compare
from tracker.protocols import Protocol, Protocols
from tracker.storage import stored_courses, treatments


def preview_limits(
    db: Database, protocols: Protocols, changed: Protocol, since: datetime
) -> Iterator[Compared]:
    """Each course of the changed protocol's kind about which something came since, lived again.

    Nothing is written. Raises ProtocolError when there is no such kind of treatment.
    """
    present = protocols.of(changed.kind)
    for treatment in treatments.heard_since(db, changed.kind, since):
        yield compare(stored_courses.of_treatment(db, treatment), present, changed, since)
