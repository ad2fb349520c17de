"""The audit log shows when it was rewritten, and no act that matters is missing from it."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlite_utils import Database

from tests.conftest import TREATED_AT
from tracker.actions.clinic.audit import show_head, verify_audit_log
from tracker.domain.clinic.audit import Act, Entry, Head, read_head
from tracker.storage.clinic import audit_log
from tracker.storage.connection import IntegrityError, writing

ACTIONS = Path(__file__).parents[2] / "tracker" / "actions"
ADD = ("audit_log.add", "alerts.move", "looks.record")  # the latter two add an entry each
OWN_ENTRY = "patients enter it themselves, and the row says who and when"
BY_ITSELF = "nobody does it: the worker follows rules"
# Actions that write and need no entry, each with the reason.
WITHOUT_ENTRY = {
    "measure_photos": BY_ITSELF,
    "preview_drafts": BY_ITSELF,
    "remind_patients": BY_ITSELF,
    "write_digests": BY_ITSELF,
    "send_mails": BY_ITSELF,
    "leave_sign_of_life": BY_ITSELF,
    "forget_sign_ups": BY_ITSELF,
    "back_up_if_due": BY_ITSELF,
    "back_up": "sealed to a key that this machine does not have",
    "restore": "puts the whole log back as it was",
    "record_check_in": OWN_ENTRY,
    "call_for_help": OWN_ENTRY,
    "receive_photo": OWN_ENTRY,
    "answer_sides": OWN_ENTRY,
    "begin_own_treatment": OWN_ENTRY,
    "begin_treatment": "only together with `add_person`, which is on record",
    "try_photos_again": "measures again what is there",
    "read_on_trial": "counts for nothing until `let_it_count`, which is on record",
    "open_conversation": "opening the page is on record",
    "draft_protocol": "a draft changes nothing until it is in force",
    "take_over_shipped": "likewise",
    "choose_mail": "hours of mail open nothing",
    "stop_reminders": "hours of mail open nothing",
    "set_passphrase": "for the demo alone",
    "use_session": "says that a session goes on",
    "begin_call": "what the call does is on record",
    "end_call": "what the call does is on record",
    "forget_call": "the call changed nothing",
    "resume_by_token": "says that a token is in use",
    "end_session": "part of signing in and out, which are on record",
}


def log_of(db: Database, *details: str) -> None:
    """Add entries."""
    for text in details:
        with writing(db):
            audit_log.add(db, Entry(Act.CLINIC_CHANGED, TREATED_AT, "dana", None, text))


def rewrite(db: Database, sql: str) -> None:
    """What somebody does who holds the keys of the database."""
    with writing(db):
        db.execute("DROP TRIGGER audit_log_is_not_rewritten")
        db.execute("DROP TRIGGER audit_log_is_not_erased")
        db.execute(sql)


def test_a_log_that_was_only_added_to_is_whole(db: Database) -> None:
    assert verify_audit_log(db).head is None
    log_of(db, "one", "two")
    kept = show_head(db)
    assert kept is not None
    assert read_head(f" {kept} ") == kept
    log_of(db, "three")
    verdict = verify_audit_log(db, [kept])
    assert verdict.is_whole
    assert verdict.head is not None
    assert verdict.head.number == 3


@pytest.mark.parametrize(
    ("sql", "at"),
    [
        ("UPDATE audit_log SET details = 'other' WHERE id = 2", 2),
        ("UPDATE audit_log SET by_id = 'eli' WHERE id = 1", 1),
        ("DELETE FROM audit_log WHERE id = 2", 3),
        ("DELETE FROM audit_log WHERE id = 1", 2),
        ("UPDATE audit_log SET id = 9 WHERE id = 3", 9),
    ],
)
def test_an_entry_that_was_changed_or_taken_out_is_found(db: Database, sql: str, at: int) -> None:
    log_of(db, "one", "two", "three")
    rewrite(db, sql)
    verdict = verify_audit_log(db)
    assert verdict.broken_at == at
    assert not verdict.is_whole


def test_a_log_that_was_written_again_or_cut_off_does_not_fit_a_head_that_was_kept(
    db: Database,
) -> None:
    log_of(db, "one", "two", "three")
    kept = show_head(db)
    assert kept is not None
    rewrite(db, "DELETE FROM audit_log WHERE id = 3")
    cut = verify_audit_log(db, [kept])
    assert (cut.broken_at, cut.misfits) == (None, (kept,))
    log_of(db, "something else")
    again = verify_audit_log(db, [kept])
    assert (again.broken_at, again.misfits) == (None, (kept,))


def test_the_database_itself_refuses_to_rewrite_an_entry(db: Database) -> None:
    log_of(db, "one")
    for sql in ("UPDATE audit_log SET details = ''", "DELETE FROM audit_log"):
        with pytest.raises(IntegrityError, match="audit log"), writing(db):
            db.execute(sql)


@pytest.mark.parametrize("text", ["", "1", "0:" + "a" * 64, "1:" + "g" * 64, "1:abc"])
def test_a_head_is_read_exactly(text: str) -> None:
    with pytest.raises(ValueError, match="no head of the log"):
        read_head(text)
    assert str(Head(7, "a" * 64)) == "7:" + "a" * 64


def writers() -> Iterator[tuple[str, bool]]:
    """Every public action that writes, and whether it adds an entry, itself or through others."""
    for path in sorted(ACTIONS.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        bodies = {f.name: ast.unparse(f) for f in tree.body if isinstance(f, ast.FunctionDef)}

        def reaches(name: str, marks: tuple[str, ...], bodies: dict[str, str] = bodies) -> bool:
            seen, ahead = set[str](), [name]
            while ahead:
                seen.add(each := ahead.pop())
                if any(f"{mark}(" in bodies[each] for mark in marks):
                    return True
                ahead += [n for n in bodies if n not in seen and f"{n}(" in bodies[each]]
            return False

        for name in bodies:
            if not name.startswith("_") and reaches(name, ("writing",)):
                yield name, reaches(name, ADD)


def test_every_action_that_changes_something_is_on_record_or_says_why_not() -> None:
    found = dict(writers())
    assert len(found) > 70
    assert {name for name, is_on_record in found.items() if not is_on_record} == set(WITHOUT_ENTRY)
