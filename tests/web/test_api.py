"""The HTTP API: every operation for every scope, and answers as the document says."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from jsonschema import Draft202012Validator
from sqlite_utils import Database
from werkzeug.test import TestResponse

from tests.conftest import TREATED_AT, Cast
from tests.web.browser import Browser
from tests.web.conftest import Clock, Program, Records
from tracker.domain.course.check_ins import Answers
from tracker.domain.people.access import Viewer
from tracker.domain.people.people import Person, Role
from tracker.domain.people.tokens import Scope, scopes_for
from tracker.storage.alerts import alert_history, alerts
from tracker.storage.connection import writing
from tracker.storage.course import photos
from tracker.storage.people import people, sessions
from tracker.storage.talk import conversation
from web import api
from web.api.operations import OPERATIONS, PREFIX, document


def test_a_token_opens_the_patients_in_care_and_no_others(
    cast: Cast, program_of: Callable[..., Program]
) -> None:
    listed = {
        person.name: [each["name"] for each in program_of(person).read("/patients")["items"]]
        for person in (cast.alice, cast.bob, cast.dana, cast.eli)
    }
    assert listed == {"Alice": ["Alice"], "Bob": ["Bob"], "Dr Dana": ["Alice"], "Dr Eli": []}


def test_without_a_token_that_works_nothing_is_told(
    app: Flask, cast: Cast, db: Database, clock: Clock, program_of: Callable[..., Program]
) -> None:
    dana = program_of(cast.dana)
    assert dana.ask("/patients").status_code == 200
    answer = Program(app, "afterglow_other").ask("/patients")
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert answer.content_type == "application/problem+json"
    with writing(db):
        people.suspend(db, cast.dana.id, TREATED_AT)
    assert dana.ask("/patients").status_code == 401
    with writing(db):
        people.suspend(db, cast.dana.id, None)
        sessions.end_all_of(db, cast.dana.id)
    assert dana.ask("/patients").status_code == 401


def test_no_cookie_opens_the_api(alice: Any, app: Flask) -> None:
    assert alice.get(f"{PREFIX}/patients").status_code == 401
    assert alice.get("/settings").status_code == 200


def test_a_role_that_was_taken_away_takes_the_scope_away(
    cast: Cast, db: Database, program_of: Callable[..., Program]
) -> None:
    dana = program_of(cast.dana)
    with writing(db):
        people.set_position(db, cast.dana.id, Role.OFFICE, ())
    answer = dana.ask("/patients")
    assert answer.status_code == 403
    assert "read:patients" in answer.headers["WWW-Authenticate"]


def test_a_list_comes_in_parts(
    cast: Cast, db: Database, program_of: Callable[..., Program]
) -> None:
    with writing(db):
        people.add_to_care(db, cast.dana.id, cast.bob.id)
    dana, found, cursor = program_of(cast.dana), [], ""
    for _ in range(2):
        part = dana.read(f"/patients?limit=1{cursor}")
        found += [each["name"] for each in part["items"]]
        cursor = f"&cursor={part['next']}"
    assert (sorted(found), part["next"]) == (["Alice", "Bob"], None)
    for wrong in ("limit=0", "limit=1&limit=2", "cursor=x", "offset=2"):
        assert dana.ask(f"/patients?{wrong}").status_code == 400, wrong


def test_the_document_names_every_route(app: Flask) -> None:
    served = {
        (rule.rule, method.lower())
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith(PREFIX)
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    described = {
        (PREFIX + path.replace("{", "<").replace("}", ">"), method)
        for path, item in document()["paths"].items()
        for method in item
    }
    assert served == described
    assert len(served) == len(OPERATIONS)


def test_what_does_not_exist_is_a_problem_too(app: Flask) -> None:
    answer = app.test_client().get(f"{PREFIX}/nothing")
    assert (answer.status_code, answer.content_type) == (404, "application/problem+json")


def test_a_token_is_shown_once_listed_and_revoked(app: Flask, dana: Browser, db: Database) -> None:
    form = {"name": "Praxis", "days": "30", "scope": ["read:patients"]}
    made = dana.send("/settings/tokens", form).text
    found = re.search(r"afterglow_[\w-]+", made)
    assert found is not None
    assert Program(app, found[0]).ask("/patients").status_code == 200
    listed = dana.read("/settings/tokens")
    assert found[0] not in listed
    assert "Praxis" in listed
    kept = re.search(r'name="token" value="(\w+)"', listed)
    assert kept is not None
    stored = db.table("api_tokens").get(kept[1])
    assert found[0] not in str(stored)
    dana.send("/settings/tokens/revoke", {"token": kept[1]})
    assert "Praxis" not in dana.read("/settings/tokens")
    assert Program(app, found[0]).ask("/patients").status_code == 401
    acts = [row["act"] for row in db.query("SELECT act FROM audit_log")]
    assert acts.count("token_made") == acts.count("token_revoked") == 1
    assert [row["kind"] for row in db.query("SELECT kind FROM messages")] == ["token_made"]


def test_a_token_may_do_no_more_than_its_owner_and_is_made_only_after_proof(
    alice: Browser, clock: Clock, db: Database
) -> None:
    form = {"name": "Phone", "days": "30", "scope": ["answer:alerts"]}
    assert alice.send("/settings/tokens", form).status_code == 422
    clock.now += timedelta(minutes=11)
    good = form | {"scope": ["read:photos"]}
    answer = alice.send("/settings/tokens", good)
    assert (answer.status_code, answer.headers["Location"][:6]) == (303, "/prove")
    assert db.table("api_tokens").count == 0


KEY = "0123456789abcdef"


@dataclass(frozen=True)
class Example:
    """A call that succeeds: who may make it, and what it sends."""

    who: str
    path: str
    sent: Callable[[], dict[str, Any]] = dict


def photo_form() -> dict[str, Any]:
    photo = (BytesIO(b"no photo"), "photo.jpg")
    return {"data": {"role": "follow_up", "photo": photo}, "content_type": "multipart/form-data"}


EXAMPLES = {
    "describe": Example("alice", "/openapi.json"),
    "list_patients": Example("dana", "/patients"),
    "read_patient": Example("dana", "/patients/{alice}"),
    "list_courses": Example("dana", "/patients/{alice}/courses"),
    "list_readings": Example("alice", "/patients/{alice}/readings"),
    "list_photos": Example("alice", "/patients/{alice}/photos"),
    "read_picture": Example("fay", "/patients/{alice}/photos/{photo}/thumbnail"),
    "list_check_ins": Example("dana", "/patients/{alice}/check-ins"),
    "list_messages": Example("alice", "/patients/{alice}/messages"),
    "list_alerts": Example("dana", "/patients/{alice}/alerts"),
    "list_open_alerts": Example("dana", "/alerts"),
    "read_one_alert": Example("fay", "/alerts/{alert}"),
    "read_health": Example("ada", "/health"),
    "send_check_in": Example(
        "alice", "/patients/{alice}/check-ins", lambda: {"json": {"answers": {"pus": True}}}
    ),
    "send_photo": Example("alice", "/patients/{alice}/photos", photo_form),
    "answer_to_alert": Example(
        "dana", "/alerts/{alert}/answers", lambda: {"json": {"say": {"answer": "seen"}}}
    ),
}


@pytest.fixture
def names(cast: Cast, records: Records) -> dict[str, str]:
    """One of everything that the examples name."""
    photo = records.measured(1)
    records.check_in(1, Answers(pain=2, note="itchy"))
    records.message(cast.alice, "Is this normal?")
    return {"alice": cast.alice.id, "photo": photo.id, "alert": records.alert().id}


def conforms(answer: TestResponse, name: str) -> None:
    """Fail unless the document says that this operation may answer like that."""
    described = next(
        item
        for path in document()["paths"].values()
        for item in path.values()
        if item["operationId"] == name
    )["responses"].get(str(answer.status_code))
    assert described is not None, (name, answer.status_code, answer.text)
    content = described.get("content", {})
    if not content:
        return
    kind = answer.mimetype or ""
    assert kind in content, (name, kind)
    if "json" in kind:
        schema = {**content[kind]["schema"], "components": document()["components"]}
        Draft202012Validator(schema).validate(answer.json)


def test_every_operation_answers_each_scope_as_the_document_says(
    app: Flask,
    cast: Cast,
    fay: Person,
    ada: Person,
    names: dict[str, str],
    program_of: Callable[..., Program],
) -> None:
    assert set(EXAMPLES) == set(OPERATIONS)
    people_of = {"alice": cast.alice, "dana": cast.dana, "fay": fay, "ada": ada}
    programs = {
        scope: {
            name: program_of(person, scope)
            for name, person in people_of.items()
            if scope in scopes_for(Viewer(person.id, person.role, duties=person.duties))
        }
        for scope in Scope
    }
    for name, example in EXAMPLES.items():
        made, path = OPERATIONS[name], example.path.format(**names)
        headers = {"Idempotency-Key": KEY + name, "If-Match": '"old"'}
        if made.scope is None:
            answer = Program(app, "").ask(path)
            assert answer.status_code == 200
            continue
        for scope, holders in programs.items():
            if example.who not in holders:
                continue
            answer = holders[example.who].ask(path, made.method, headers=headers, **example.sent())
            conforms(answer, name)
            assert (answer.status_code == 403) is (scope is not made.scope), (name, scope)
        nobody = Program(app, "x").ask(path, made.method, headers=headers, **example.sent())
        conforms(nobody, name)
        assert nobody.status_code == 401
        good = {"send_photo": 422, "answer_to_alert": 412, "send_check_in": 201}.get(name, 200)
        own = programs[made.scope][example.who]
        assert own.ask(path, made.method, headers=headers, **example.sent()).status_code == good


def test_what_is_not_in_care_does_not_exist(
    cast: Cast, names: dict[str, str], program_of: Callable[..., Program]
) -> None:
    bob, eli = program_of(cast.bob), program_of(cast.eli)
    for name, example in EXAMPLES.items():
        if "{" not in example.path:
            continue
        scope, sent = OPERATIONS[name].scope, example.sent()
        who = eli if scope is Scope.ANSWER_ALERTS else bob
        headers = {"Idempotency-Key": KEY, "If-Match": '"x"'}
        answer = who.ask(
            example.path.format(**names), OPERATIONS[name].method, headers=headers, **sent
        )
        assert answer.status_code == 404, name
        conforms(answer, name)


def test_a_program_that_reads_leaves_a_trace_as_a_page_does_and_nothing_counts_as_read(
    cast: Cast, db: Database, names: dict[str, str], program_of: Callable[..., Program]
) -> None:
    dana = program_of(cast.dana)
    dana.read(f"/alerts/{names['alert']}")
    dana.read(f"/patients/{names['alice']}/messages")
    assert dana.ask(f"/patients/{names['alice']}/photos/{names['photo']}/photo").status_code == 200
    acts = [row["act"] for row in db.query("SELECT act FROM audit_log")]
    assert {"patient_opened", "photo_opened"} <= set(acts)
    alert = alerts.get(db, names["alert"])
    assert alert is not None
    assert alert.read_at is None
    assert [each.id for each in photos.unseen(db, cast.alice.id)] == [names["photo"]]
    assert conversation.unread_by_clinic(db, cast.alice.id) == 1


def test_an_answer_needs_the_alert_as_it_is_and_is_given_once(
    cast: Cast, db: Database, names: dict[str, str], program_of: Callable[..., Program]
) -> None:
    dana, path = program_of(cast.dana), f"/alerts/{names['alert']}"
    etag = dana.ask(path).headers["ETag"]
    assert dana.ask(path, headers={"If-None-Match": etag}).status_code == 304
    say = {"json": {"say": {"answer": "snooze", "until": "2026-03-07", "why": "looks good"}}}
    send, keyed = f"{path}/answers", {"Idempotency-Key": KEY, "If-Match": etag}
    assert dana.ask(send, "POST", headers={"Idempotency-Key": KEY}, **say).status_code == 428
    assert dana.ask(send, "POST", headers={"If-Match": etag}, **say).status_code == 400
    kept = dana.ask(send, "POST", headers=keyed, **say)
    assert (kept.status_code, kept.json["stage"] if kept.json else "") == (200, "snoozed")
    again = dana.ask(send, "POST", headers=keyed, **say)
    assert (again.status_code, again.data) == (200, kept.data)
    other = {"json": {"say": {"answer": "seen"}}}
    assert dana.ask(send, "POST", headers=keyed, **other).status_code == 422
    fresh = keyed | {"Idempotency-Key": KEY + "2"}
    assert dana.ask(send, "POST", headers=fresh, **other).status_code == 412
    history = alert_history.of_alert(db, names["alert"])
    assert [str(step.step) for step in history] == ["read", "snoozed"]


def test_the_table_in_the_manual_is_what_is_served() -> None:
    rows = [
        f"| {each.method} | `{each.path}` | {f'`{each.scope}`' if each.scope else 'none'} |"
        f" {each.summary.removesuffix('.')} |"
        for each in OPERATIONS.values()
    ]
    manual = (Path(api.__file__).parent / "API.md").read_text(encoding="utf-8")
    assert "\n".join(rows) in manual
