"""Begin a treatment, or plan one; from its hour on it is the current one."""

from dataclasses import replace

from sqlite_utils import Database

from tracker.protocols import Protocols
from tracker.storage import treatments
from tracker.storage.columns import new_id
from tracker.storage.connection import writing
from tracker.treatments import Treatment


def begin_treatment(db: Database, protocols: Protocols, treatment: Treatment) -> Treatment:
    """Store the treatment under a fresh id; ProtocolError when no protocol fits it."""
    protocols.for_treatment(treatment)
    begun = replace(treatment, id=new_id())
    with writing(db):
        treatments.insert(db, begun)
    return begun
