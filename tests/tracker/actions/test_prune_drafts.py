"""Old drafts of protocols are removed; what came into force and what is signed again stays."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from sqlite_utils import Database

from tests.conftest import PROTOCOLS, TREATED_AT, Cast
from tracker.actions.protocols.editing import (
    InForce,
    draft_protocol,
    prune_drafts,
    put_into_force,
    sign_draft,
)
from tracker.actions.protocols.previewing import preview_drafts
from tracker.domain.clinic.audit import Act, Search
from tracker.domain.editing.protocol_drafts import KEPT_FOR, ProtocolDraft, Signature
from tracker.storage.clinic import audit_log
from tracker.storage.protocols import protocol_drafts, protocol_editions

KIND = "microneedling"
SHIPPED = PROTOCOLS.of(KIND).text
KEEN = SHIPPED.replace("review = 0.05, urgent = 0.6", "review = 0.04, urgent = 0.6", 1)
LATER = TREATED_AT + timedelta(days=30)


@pytest.fixture
def draft(db: Database, cast: Cast) -> ProtocolDraft:
    protocol_editions.keep(db, PROTOCOLS)
    made = draft_protocol(db, PROTOCOLS, KIND, KEEN, cast.dana, TREATED_AT)
    with ThreadPoolExecutor(1) as compute:
        preview_drafts(db, compute)
    return made


def sign(db: Database, draft: ProtocolDraft, cast: Cast, at: datetime) -> None:
    assert isinstance(sign_draft(db, PROTOCOLS, draft, cast.eli, at), Signature)


def test_a_draft_that_no_one_touches_is_removed_with_all_that_hangs_on_it(
    db: Database, draft: ProtocolDraft
) -> None:
    assert prune_drafts(db, TREATED_AT + KEPT_FOR) == 0
    assert prune_drafts(db, TREATED_AT + KEPT_FOR + timedelta(seconds=1)) == 1
    assert protocol_drafts.get(db, draft.id) is None
    (entry,) = audit_log.search(db, Search(act=Act.DRAFT_REMOVED))
    assert (entry.by, entry.details) == (None, "microneedling, saved 2026-03-02")


def test_a_signature_keeps_a_draft(db: Database, cast: Cast, draft: ProtocolDraft) -> None:
    sign(db, draft, cast, LATER)
    assert prune_drafts(db, TREATED_AT + KEPT_FOR + timedelta(days=1)) == 0
    assert prune_drafts(db, LATER + KEPT_FOR + timedelta(days=1)) == 1


def test_what_came_into_force_stays_and_so_does_its_edition(
    db: Database, cast: Cast, draft: ProtocolDraft
) -> None:
    sign(db, draft, cast, LATER)
    enacted = put_into_force(db, PROTOCOLS, draft, cast.dana, "Two were late", LATER)
    assert isinstance(enacted, InForce)
    assert prune_drafts(db, LATER + 10 * KEPT_FOR) == 0
    assert protocol_editions.text_of(db, enacted.protocol.digest) == enacted.protocol.text
