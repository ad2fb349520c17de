"""Who may open what: every route, for everyone. A new route fails here until it has its rule."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest
from flask import Flask
from sqlite_utils import Database
from werkzeug.test import TestResponse

from tests.conftest import PASSPHRASE, PROTOCOLS, TREATED_AT, Cast
from tests.web.browser import Browser
from tests.web.conftest import Clock, Records
from tracker.actions.own_data.record_export import ask_for_export
from tracker.actions.protocols.editing import draft_protocol
from tracker.domain.course.check_ins import Answers
from tracker.domain.people.people import Person
from tracker.storage.connection import writing
from tracker.world import World
from web import create_app
from web.session import BY_LINK

PATIENTS = frozenset({"alice", "bob"})
PRACTITIONERS = frozenset({"dana", "eli", "ada"})
CARERS = PRACTITIONERS | {"fay"}
ADMINISTRATORS = frozenset({"ada", "olga"})
STAFF = CARERS | ADMINISTRATORS
TEAM = frozenset({"dana", "fay"})  # Alice's
EVERYBODY_SIGNED_IN = PATIENTS | STAFF
PUBLIC = {
    "sign_in.show",
    "sign_in.enter",
    "sign_in.second_step",
    "sign_in.give",
    "sign_in.set_up",
    "static",
    "app_shell.static",
    "app_shell.manifest",
    "app_shell.service_worker",
    "app_shell.framing_cascade",
    "home.alive",
    "home.ready",
    "invitations.welcome",
    "invitations.accept",
    "links.lost",
    "links.mail_link",
    "links.open_link",
    "links.renew",
    "home_care.sign_up",
    "home_care.ask_for_account",
    "passkeys.ask_at_sign_in",
    "passkeys.enter",
    "passkeys.ask_first",
    "passkeys.add_first",
    "passphrases.tell",
    "preferences.unsubscribe",
    "preferences.stop",
}


@dataclass(frozen=True)
class Rule:
    """A path about Alice, and who may use it."""

    path: str
    allowed: frozenset[str]


RULES = {
    "GET home.show": Rule("/", EVERYBODY_SIGNED_IN),
    "POST sign_in.leave": Rule("/sign-out", EVERYBODY_SIGNED_IN),
    "GET patient.upload": Rule("/photo", PATIENTS),
    "POST patient.send_photo": Rule("/photo", PATIENTS),
    "PATCH pictures.send_part": Rule(f"/photo/parts/9-{'0' * 64}", PATIENTS),
    "GET patient.photo": Rule("/photos/{photo}", frozenset({"alice"})),
    "GET patient.sides": Rule("/sides", PATIENTS),
    "POST patient.say_sides": Rule("/sides", PATIENTS),
    "GET ahead.show": Rule("/before-treatment", PATIENTS),
    "POST ahead.send": Rule("/before-treatment", PATIENTS),
    "GET patient.check_in": Rule("/check-in", PATIENTS),
    "POST patient.send_check_in": Rule("/check-in", PATIENTS),
    "GET patient.check_in_result": Rule("/check-ins/{check_in}", frozenset({"alice"})),
    "GET patient.offline": Rule("/offline", PATIENTS),
    "GET patient.progress": Rule("/progress", PATIENTS),
    "GET patient.one_day": Rule("/days/2026-03-04", frozenset({"alice"})),
    "GET preferences.show": Rule("/settings", EVERYBODY_SIGNED_IN),
    "GET preferences.tokens": Rule("/settings/tokens", EVERYBODY_SIGNED_IN),
    "POST preferences.make": Rule("/settings/tokens", EVERYBODY_SIGNED_IN),
    "POST preferences.revoke": Rule("/settings/tokens/revoke", EVERYBODY_SIGNED_IN),
    "POST preferences.save": Rule("/settings", EVERYBODY_SIGNED_IN),
    "GET worklist.version": Rule("/worklist/version", CARERS),
    "GET worklist.after": Rule("/worklist/after/{alice}", TEAM),
    "GET ward_round.begin": Rule("/round", CARERS),
    "GET ward_round.show": Rule("/round/{alice}", TEAM),
    "POST ward_round.open_new": Rule("/round/{alice}/open", TEAM),
    "POST ward_round.undo": Rule("/round/{alice}/alerts/{alert}/undo", frozenset({"dana"})),
    "POST ward_round.close": Rule("/round/{alice}/alerts/{alert}/fine", frozenset({"dana"})),
    "GET absences.show": Rule("/settings/absences", CARERS),
    "POST absences.enter": Rule("/settings/absences", CARERS),
    "POST absences.end": Rule("/settings/absences/{absence}/end", frozenset({"eli"})),
    "GET own_data.show": Rule("/my-data", PATIENTS),
    "GET own_data.download": Rule("/my-data/afterglow-my-data.zip", PATIENTS),
    "GET own_data.report": Rule("/my-data/report", PATIENTS),
    "GET own_data.report_file": Rule("/my-data/report/file", PATIENTS),
    "GET own_data.own_photos": Rule("/my-data/photos", PATIENTS),
    "POST own_data.decide": Rule("/my-data/uses", PATIENTS),
    "GET own_data.closing": Rule("/my-data/close", PATIENTS),
    "POST own_data.close": Rule("/my-data/close", PATIENTS),
    "GET home_care.begin": Rule("/begin", frozenset()),  # only where the clinic lets people sign up
    "POST home_care.begin_now": Rule("/begin", frozenset()),
    "GET home_care.share": Rule("/my-data/share", PATIENTS),
    "POST home_care.make_code": Rule("/my-data/share", PATIENTS),
    "GET home_care.accept": Rule("/accept", PRACTITIONERS),
    "POST home_care.enter_code": Rule("/accept", PRACTITIONERS),
    "GET conversation.show": Rule("/patients/{alice}/conversation", TEAM | {"alice"}),
    "POST conversation.say": Rule("/patients/{alice}/conversation", TEAM | {"alice"}),
    "GET conversation.photo": Rule(
        "/patients/{alice}/conversation/{message}/photo", TEAM | {"alice"}
    ),
    "GET practitioner.patient": Rule("/patients/{alice}", TEAM),
    "GET practitioner.values": Rule("/patients/{alice}/values", TEAM),
    "POST practitioner.measure_again": Rule("/patients/{alice}/photos/again", TEAM),
    "GET comparison.show": Rule("/patients/{alice}/compare", TEAM),
    "GET comparison.report": Rule("/patients/{alice}/report", TEAM),
    "GET comparison.report_file": Rule("/patients/{alice}/report/file", TEAM),
    "POST comparison.copy_for_teaching": Rule(
        "/patients/{alice}/photos/{photo}/teaching-copy", TEAM
    ),
    "POST comparison.draw": Rule("/patients/{alice}/annotations", TEAM),
    "POST comparison.revise": Rule("/patients/{alice}/annotations/{annotation}", TEAM),
    "POST comparison.withdraw": Rule("/patients/{alice}/annotations/{annotation}/withdraw", TEAM),
    "GET replies.index": Rule("/message-templates", CARERS),
    "POST replies.save": Rule("/message-templates/keep-going", PRACTITIONERS),
    "POST replies.withdraw": Rule("/message-templates/keep-going/withdraw", PRACTITIONERS),
    "GET care_team.identity": Rule("/patients/{alice}/identity", TEAM),
    "POST care_team.save_identity": Rule("/patients/{alice}/identity", TEAM),
    "GET notes.show": Rule("/patients/{alice}/notes", TEAM),
    "POST notes.write": Rule("/patients/{alice}/notes", TEAM),
    "POST notes.revise": Rule("/patients/{alice}/notes/{note}", TEAM),
    "POST notes.withdraw": Rule("/patients/{alice}/notes/{note}/withdraw", TEAM),
    "GET treatments.wrong_patient": Rule(
        "/patients/{alice}/treatments/{treatment}/wrong-patient", TEAM
    ),
    "POST treatments.withdraw": Rule(
        "/patients/{alice}/treatments/{treatment}/wrong-patient", TEAM
    ),
    "GET treatments.series": Rule("/patients/{alice}/treatments", TEAM),
    "POST areas.plan_series": Rule("/patients/{alice}/session-plan", TEAM),
    "GET treatments.new": Rule("/patients/{alice}/treatments/new", TEAM),
    "POST treatments.enter": Rule("/patients/{alice}/treatments/new", TEAM),
    "GET treatments.correct": Rule("/patients/{alice}/treatments/{treatment}/correct", TEAM),
    "POST treatments.save_correction": Rule(
        "/patients/{alice}/treatments/{treatment}/correct", TEAM
    ),
    "GET treatments.screening": Rule("/patients/{alice}/treatments/{treatment}/screening", TEAM),
    "POST treatments.save_screening": Rule(
        "/patients/{alice}/treatments/{treatment}/screening", TEAM
    ),
    "POST treatments.end": Rule("/patients/{alice}/treatments/{treatment}/end", TEAM),
    "GET areas.show": Rule("/patients/{alice}/treatments/{treatment}/areas", TEAM),
    "POST areas.draw": Rule("/patients/{alice}/treatments/{treatment}/areas", TEAM),
    "GET areas.sides": Rule("/patients/{alice}/treatments/{treatment}/sides", TEAM),
    "POST areas.say_sides": Rule("/patients/{alice}/treatments/{treatment}/sides", TEAM),
    "POST areas.add_line": Rule("/patients/{alice}/care-lines", TEAM),
    "POST areas.end_line": Rule("/patients/{alice}/care-lines/any/end", TEAM),
    "POST treatments.resume": Rule("/patients/{alice}/treatments/{treatment}/resume", TEAM),
    "GET practitioner.alerts": Rule("/alerts", CARERS),
    "GET practitioner.alert": Rule("/alerts/{alert}", TEAM),
    "POST alert_answers.answer": Rule("/alerts/{alert}/answer", frozenset({"dana"})),
    "POST alert_answers.call": Rule("/alerts/{alert}/call", frozenset({"dana"})),
    "POST alert_answers.snooze": Rule("/alerts/{alert}/snooze", frozenset({"dana"})),
    "POST alert_answers.message": Rule("/alerts/{alert}/message", TEAM),
    "POST alert_answers.hand_over": Rule("/alerts/{alert}/hand-over", frozenset({"dana"})),
    "POST alert_answers.resolve": Rule("/alerts/{alert}/resolve", frozenset({"dana"})),
    "GET protocol_editor.index": Rule("/protocols", STAFF),
    "GET protocol_editor.show": Rule("/protocols/microneedling", STAFF),
    "GET protocol_editor.edition": Rule("/protocols/microneedling/editions/{edition}", STAFF),
    "GET protocol_editor.edit": Rule("/protocols/microneedling/edit", PRACTITIONERS),
    "POST protocol_editor.save_form": Rule(
        "/protocols/microneedling/edit?of={edition}", PRACTITIONERS
    ),
    "GET protocol_editor.text": Rule("/protocols/microneedling/text", PRACTITIONERS),
    "POST protocol_editor.save_text": Rule("/protocols/microneedling/text", PRACTITIONERS),
    "GET protocol_editor.draft": Rule("/protocols/microneedling/drafts/{draft}", PRACTITIONERS),
    "POST protocol_editor.enact": Rule("/protocols/microneedling/drafts/{draft}", PRACTITIONERS),
    "POST protocol_editor.sign": Rule(
        "/protocols/microneedling/drafts/{draft}/sign", PRACTITIONERS
    ),
    "POST protocol_editor.take_over": Rule("/protocols/microneedling/shipped", PRACTITIONERS),
    "GET passkeys.show": Rule("/passkeys", EVERYBODY_SIGNED_IN),
    "POST passkeys.ask": Rule("/passkeys/options", EVERYBODY_SIGNED_IN),
    "POST passkeys.add": Rule("/passkeys", EVERYBODY_SIGNED_IN),
    "POST passkeys.change": Rule("/passkeys/passphrase", EVERYBODY_SIGNED_IN),
    "GET passkeys.app": Rule("/passkeys/app", STAFF),
    "POST passkeys.keep_app": Rule("/passkeys/app", STAFF),
    "POST passkeys.forget_app": Rule("/passkeys/app/remove", STAFF),
    "POST passkeys.renew_codes": Rule("/passkeys/recovery-codes", STAFF),
    "POST staff.reset_second_step": Rule("/clinic/people/{dana}/second-step", ADMINISTRATORS),
    "GET sign_in.still_here": Rule("/still-here", EVERYBODY_SIGNED_IN),
    "GET sign_in.prove": Rule("/prove", EVERYBODY_SIGNED_IN),
    "GET links.offer": Rule("/patients/{alice}/renewal", TEAM),
    "POST links.issue": Rule("/patients/{alice}/renewal", TEAM),
    "POST passkeys.prove_year": Rule("/passkeys/year", frozenset()),  # for sessions by link alone
    "POST passkeys.end_sessions": Rule("/passkeys/sessions/end", EVERYBODY_SIGNED_IN),
    "POST passkeys.remove": Rule("/passkeys/remove", EVERYBODY_SIGNED_IN),
    "GET invitations.invite": Rule("/invite", CARERS),
    "POST invitations.send": Rule("/invite", CARERS),
    "GET mails.own": Rule("/outbox", STAFF),
    "GET mails.clinic": Rule("/clinic/outbox", ADMINISTRATORS),
    "POST mails.decide": Rule("/clinic/outbox/some-mail", ADMINISTRATORS),
    "GET conversation.unread": Rule("/conversations", CARERS),
    "GET pictures.card": Rule("/card-a4.pdf", EVERYBODY_SIGNED_IN),
    "GET pictures.show": Rule("/patients/{alice}/photos/{photo}/photo", TEAM | {"alice"}),
    "GET clinic.show": Rule("/clinic/", STAFF),
    "GET staff.index": Rule("/clinic/people", STAFF),
    "GET staff.invite": Rule("/clinic/people/invite", ADMINISTRATORS),
    "POST staff.send": Rule("/clinic/people/invite", ADMINISTRATORS),
    "GET staff.show": Rule("/clinic/people/{dana}", ADMINISTRATORS),
    "POST staff.renew": Rule("/clinic/people/{dana}/renewal", ADMINISTRATORS),
    "POST staff.change": Rule("/clinic/people/{dana}", ADMINISTRATORS),
    "GET care_team.show": Rule("/patients/{alice}/care-team", TEAM),
    "POST care_team.arrange": Rule("/patients/{alice}/care-team", frozenset({"dana"})),
    "GET records.show": Rule("/patients/{alice}/record", frozenset({"dana"})),
    "POST records.ask": Rule("/patients/{alice}/record", frozenset({"dana"})),
    "GET records.download": Rule("/patients/{alice}/record.zip", frozenset({"dana"})),
    "GET records.waiting": Rule("/clinic/records", ADMINISTRATORS),
    "POST records.allow": Rule("/clinic/records/{permit}", ADMINISTRATORS),
    "GET clinic.first_day": Rule("/clinic/first-day", ADMINISTRATORS),
    "GET clinic.hours": Rule("/clinic/hours", ADMINISTRATORS),
    "GET clinic.health": Rule("/clinic/health", ADMINISTRATORS),
    "GET audit.show": Rule("/clinic/audit-log", ADMINISTRATORS),
    "GET audit.download": Rule("/clinic/audit-log.csv", ADMINISTRATORS),
    "GET clinic.outcomes": Rule("/clinic/outcomes", PRACTITIONERS | ADMINISTRATORS),
    "POST clinic.save_hours": Rule("/clinic/hours", ADMINISTRATORS),
}


@pytest.fixture
def everybody(cast: Cast, fay: Person, ada: Person, olga: Person) -> dict[str, Person]:
    """The cast and the others who work at the clinic."""
    patients_and_doctors = {name: getattr(cast, name) for name in ("alice", "bob", "dana", "eli")}
    return patients_and_doctors | {"fay": fay, "ada": ada, "olga": olga}


def things(records: Records) -> dict[str, str]:
    """One of everything that the rules' paths name, about Alice, by id."""
    protocol, cast = PROTOCOLS.of("microneedling"), records.cast
    return {
        "alice": cast.alice.id,
        "treatment": cast.treatment.id,
        "dana": cast.dana.id,
        "photo": records.measured(1).id,
        "check_in": records.check_in(1, Answers()).id,
        "alert": records.alert().id,
        "note": records.note("Afraid of needles").id,
        "edition": protocol.digest,
        "draft": draft_protocol(
            records.db, PROTOCOLS, protocol.kind, protocol.text, cast.dana, TREATED_AT
        ).id,
        "annotation": records.annotation(records.measured(1.5)).id,
        "permit": ask_for_export(
            records.db, cast.alice.id, "Skin Clinic", cast.dana.id, Clock().now
        ).id,
        "absence": records.absence(cast.eli).id,
        "message": records.message(cast.alice, "Is this normal?", photo=b"JPEG").id,
    }


@pytest.fixture
def paths(records: Records) -> dict[str, tuple[str, Rule]]:
    """Each rule with its path filled in."""
    names = things(records)
    return {name: (rule.path.format(**names), rule) for name, rule in RULES.items()}


def ask(browser: Browser, name: str, path: str) -> TestResponse:
    if name.startswith("PATCH"):
        return browser.send_bytes(path, b"", {})
    return browser.send(path, {}) if name.startswith("POST") else browser.get(path)


def test_every_route_has_a_rule(app: Flask) -> None:
    routes = {
        f"{method} {rule.endpoint}"
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.endpoint not in PUBLIC and not rule.endpoint.startswith("api.")  # see test_api.py
    }
    assert routes == set(RULES)


@pytest.mark.parametrize("who", sorted(EVERYBODY_SIGNED_IN))
def test_each_person_reaches_exactly_what_is_theirs(
    who: str,
    everybody: dict[str, Person],
    paths: dict[str, tuple[str, Rule]],
    browser_of: Callable[[Person], Browser],
) -> None:
    browser = browser_of(everybody[who])
    ends_session = "POST sign_in.leave"
    for name in [*(n for n in RULES if n != ends_session), ends_session]:
        path, rule = paths[name]
        status = ask(browser, name, path).status_code
        assert (status != 404) is (who in rule.allowed), (who, name, status)
        assert status in {200, 303, 404, 409, 422}, (who, name, status)


def test_somebody_signed_out_is_sent_to_sign_in(
    stranger: Browser, paths: dict[str, tuple[str, Rule]]
) -> None:
    for name, (path, _) in paths.items():
        answer = ask(stranger, name, path)
        assert answer.status_code == 303, name
        assert answer.headers["Location"].startswith("/sign-in"), name


def test_the_passphrase_without_its_second_step_opens_nothing(
    world: World, clock: Clock, cast: Cast, paths: dict[str, tuple[str, Rule]]
) -> None:
    settings = replace(world.settings, second_step=True)
    half = Browser(create_app(replace(world, settings=settings), clock))
    assert half.sign_in(cast.dana, PASSPHRASE).headers["Location"].startswith("/second-step")
    for name, (path, _) in paths.items():
        answer = ask(half, name, path)
        assert answer.status_code == 303, name
        assert answer.headers["Location"].startswith("/sign-in"), name


def test_bob_cannot_see_alices_photos(
    cast: Cast, records: Records, browser_of: Callable[[Person], Browser]
) -> None:
    bob, photo = browser_of(cast.bob), records.photo(1)
    for owner in (cast.alice, cast.bob):
        for picture in ("photo", "thumbnail", "redness"):
            path = f"/patients/{owner.id}/photos/{photo.id}/{picture}"
            assert bob.get(path).status_code == 404


def test_forbidden_looks_the_same_as_missing(
    cast: Cast, records: Records, browser_of: Callable[[Person], Browser]
) -> None:
    eli, alert = browser_of(cast.eli), records.alert()
    forbidden, missing = eli.get(f"/alerts/{alert.id}"), eli.get("/alerts/nothing-here")
    assert forbidden.status_code == missing.status_code == 404
    assert _without_token(forbidden.text) == _without_token(missing.text)


def test_eli_cannot_answer_an_alert_about_alice(
    cast: Cast, records: Records, dana: Browser, browser_of: Callable[[Person], Browser]
) -> None:
    alert = records.alert()
    browser_of(cast.eli).send(f"/alerts/{alert.id}/answer", {"shown": dana.shown(alert.id)})
    assert "I have seen this" in dana.read(f"/alerts/{alert.id}")


def _without_token(page: str) -> str:
    return "\n".join(line for line in page.splitlines() if "csrf_token" not in line)


def test_a_session_by_link_sends_and_reads_and_changes_nothing_else(
    app: Flask,
    cast: Cast,
    db: Database,
    paths: dict[str, tuple[str, Rule]],
    browser_of: Callable[[Person], Browser],
) -> None:
    browser = browser_of(cast.alice)
    with writing(db):
        db.execute("UPDATE sessions SET by_link = 1")
    for name, (path, rule) in paths.items():
        endpoint = name.split()[1]
        if endpoint == "passkeys.change":  # it would lift the limits
            continue
        answer = ask(browser, name, path)
        is_held_up = answer.location == "/passkeys?needed=yes"
        assert is_held_up is (endpoint not in BY_LINK), name
        assert is_held_up or "alice" in rule.allowed or answer.status_code >= 400, name
    needed = {rule.endpoint for rule in app.url_map.iter_rules() if rule.endpoint not in PUBLIC}
    sends_and_reads = ("patient.", "pictures.", "conversation.")
    theirs = needed - {"conversation.unread"}  # the clinic's
    assert {each for each in theirs if each.startswith(sends_and_reads)} <= BY_LINK <= needed
    for endpoint in ("own_data.download", "own_data.close", "preferences.save", "home_care.share"):
        assert endpoint not in BY_LINK
