"""A clinic's edition follows the shipped protocol that it was copied from."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlite_utils import Database

from tests.conftest import PROTOCOLS, TREATED_AT, Cast
from tracker.actions.protocols.editing import (
    InForce,
    draft_protocol,
    put_into_force,
    show_draft,
    show_protocol,
    sign_draft,
    take_over_shipped,
)
from tracker.actions.protocols.previewing import preview_drafts
from tracker.domain.editing.protocol_drafts import Signature, TakenOver, take_over
from tracker.domain.protocols.protocol_text import parse_protocol
from tracker.domain.protocols.protocols import Protocols
from tracker.storage.protocols import protocol_editions, protocol_files

KIND = "microneedling"
SHIPPED = PROTOCOLS.of(KIND)
OWN = SHIPPED.text.replace("review = 0.05, urgent = 0.6", "review = 0.04, urgent = 0.6", 1)
NEWER = (
    SHIPPED.text.replace(f'version = "{SHIPPED.version}"', 'version = "2031-01-01"')
    .replace("missed_days = 2", "missed_days = 4")
    .replace("review = 0.05, urgent = 0.6", "review = 0.03, urgent = 0.5", 1)
)


def test_what_only_the_other_text_changed_is_taken_over() -> None:
    before = "version = 1\na\nb\nc\nd\ne\n"
    own = "version = 7\na\nB\nc\nmine\nd\ne\n"
    assert take_over(before, "version = 2\na\nb\nc\nd\ne\nf\n", own) == TakenOver(
        "version = 7\na\nB\nc\nmine\nd\ne\nf\n", ()
    )
    assert take_over(before, "version = 2\na\nx\nc\nd\n", own) == TakenOver(
        "version = 7\na\nB\nc\nmine\nd\n", (("x",),)
    )
    assert take_over(before, before, own) == TakenOver(own, ())
    assert take_over(before, "version = 2\na\nB\nc\nd\ne\n", own) == TakenOver(own, ())


@pytest.fixture
def moved(db: Database, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> Protocols:
    """The clinic's own edition is in force, and a newer shipped protocol has come since."""
    protocol_editions.keep(db, PROTOCOLS)
    draft = draft_protocol(db, PROTOCOLS, KIND, OWN, cast.dana, TREATED_AT)
    with ThreadPoolExecutor(1) as compute:
        preview_drafts(db, compute)
    assert isinstance(sign_draft(db, PROTOCOLS, draft, cast.eli, TREATED_AT), Signature)
    done = put_into_force(db, PROTOCOLS, draft, cast.dana, "Earlier", TREATED_AT)
    assert isinstance(done, InForce)
    newer = parse_protocol(NEWER, "newer")
    own = Protocols({**PROTOCOLS.by_kind, KIND: done.protocol})
    assert show_protocol(db, own, frozenset(), KIND).moved_on is None
    monkeypatch.setattr(protocol_files, "shipped", lambda kind: newer if kind == KIND else None)
    return own


def test_a_draft_takes_over_what_changed_and_names_what_it_did_not(
    db: Database, cast: Cast, moved: Protocols
) -> None:
    found = show_protocol(db, moved, frozenset(), KIND).moved_on
    assert found is not None
    assert (found.before.version, found.after.version) == (SHIPPED.version, "2031-01-01")
    draft = take_over_shipped(db, moved, KIND, cast.dana, TREATED_AT)
    assert draft is not None
    assert "missed_days = 4" in draft.text
    assert "review = 0.04, urgent = 0.6" in draft.text
    case = show_draft(db, moved, draft.id, TREATED_AT)
    assert case is not None
    assert case.clashes == (("limits = { watch = 0.03, review = 0.03, urgent = 0.5 }",),)


def test_once_it_is_in_force_the_edition_is_up_to_date_also_when_it_was_changed_first(
    db: Database, cast: Cast, moved: Protocols
) -> None:
    begun = take_over_shipped(db, moved, KIND, cast.dana, TREATED_AT)
    assert begun is not None
    text = begun.text.replace("review = 0.04", "review = 0.035")
    draft = draft_protocol(db, moved, KIND, text, cast.dana, TREATED_AT, of=begun.id)
    with ThreadPoolExecutor(1) as compute:
        preview_drafts(db, compute)
    assert isinstance(sign_draft(db, moved, draft, cast.eli, TREATED_AT), Signature)
    done = put_into_force(db, moved, draft, cast.dana, "Both", TREATED_AT)
    assert isinstance(done, InForce)
    now = Protocols({**moved.by_kind, KIND: done.protocol})
    assert show_protocol(db, now, frozenset(), KIND).moved_on is None
    assert take_over_shipped(db, now, KIND, cast.dana, TREATED_AT) is None


def test_a_change_of_the_own_edition_alone_does_not_count_as_taken_over(
    db: Database, cast: Cast, moved: Protocols
) -> None:
    text = moved.of(KIND).text.replace("review = 0.04", "review = 0.035")
    draft = draft_protocol(db, moved, KIND, text, cast.dana, TREATED_AT)
    assert draft.shipped == SHIPPED.digest
