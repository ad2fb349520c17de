"""Who waits, in what order, and what a page of the list shows."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tracker.domain.alerts.alerts import Alert, Concern, Level
from tracker.domain.course.readings import Change, Estimate, Quantity
from tracker.domain.course.treatments import Region
from tracker.domain.desk.worklist import (
    FOLDED,
    PAGE,
    Facts,
    Gauge,
    Group,
    LatestPhotos,
    Place,
    RankedPatient,
    WorklistQuery,
    excerpt,
    gauge,
    next_waiting,
    plain,
    ranked,
)

NOW = datetime(2026, 3, 10, 9, tzinfo=UTC)
LAST_DAY = 42
QUIET = Facts(
    patient_id="alice",
    name="Alice",
    email="alice@clinic.example",
    treatment_id="one",
    kind="microneedling",
    performed_at=NOW - timedelta(days=5),
    ended_at=None,
    unread=0,
    unread_since=None,
    unseen=0,
    unseen_since=None,
    care_withdrawn_at=None,
    in_place_of=None,
    alerts=(),
)


def hours_ago(hours: float) -> datetime:
    return NOW - timedelta(hours=hours)


def alert(
    level: Level = Level.WATCH,
    hours: float = 1,
    concern: Concern = Concern.INFECTION,
    seen: bool = False,
    snoozed: bool = False,
) -> Alert:
    return Alert(
        id=f"{concern}-{level}-{hours}",
        patient_id="alice",
        treatment_id="one",
        concern=concern,
        level=level,
        raised_at=hours_ago(hours),
        probability=0.9,
        onset_day=None,
        regions=(),
        evidence=(),
        photo_id=None,
        engine="1",
        protocol="1",
        seen_at=NOW if seen or snoozed else None,
        snoozed_until=NOW + timedelta(days=1) if snoozed else None,
    )


def named(name: str, facts: Facts = QUIET) -> Facts:
    return replace(facts, patient_id=name, name=name, email=f"{name.lower()}@home.example")


def rank(facts: Facts) -> RankedPatient:
    return ranked(facts, LAST_DAY, NOW)


def names(rows: tuple[RankedPatient, ...]) -> list[str]:
    return [row.facts.name for row in rows]


SILENCE = alert(concern=Concern.SILENCE)
UNREAD = replace(QUIET, unread=1, unread_since=hours_ago(3))
UNSEEN = replace(QUIET, unseen=2, unseen_since=hours_ago(3))


@pytest.mark.parametrize(
    ("facts", "group"),
    [
        (QUIET, Group.RECOVERING),
        (replace(QUIET, alerts=(alert(),)), Group.ANSWER),
        (UNREAD, Group.ANSWER),
        (UNSEEN, Group.UNSEEN),
        (replace(UNSEEN, alerts=(SILENCE,)), Group.UNSEEN),
        (replace(QUIET, alerts=(SILENCE,)), Group.SILENT),
        (replace(QUIET, alerts=(replace(SILENCE, seen_at=NOW),)), Group.SILENT),
        (replace(QUIET, alerts=(alert(seen=True),)), Group.ANSWER),
        (replace(QUIET, alerts=(alert(snoozed=True),)), Group.SNOOZED),
        (replace(QUIET, alerts=(alert(snoozed=True), alert(seen=True))), Group.ANSWER),
        (replace(QUIET, performed_at=None), Group.PLANNED),
        (replace(QUIET, performed_at=NOW + timedelta(days=1)), Group.PLANNED),
        (replace(QUIET, performed_at=NOW - timedelta(days=LAST_DAY)), Group.RECOVERING),
        (replace(QUIET, performed_at=NOW - timedelta(days=LAST_DAY + 2)), Group.FINISHED),
        (replace(UNREAD, performed_at=NOW - timedelta(days=900)), Group.ANSWER),
        (replace(QUIET, care_withdrawn_at=NOW), Group.FINISHED),
        (replace(QUIET, ended_at=NOW), Group.FINISHED),
    ],
)
def test_a_patient_stands_where_the_most_pressing_thing_puts_them(
    facts: Facts, group: Group
) -> None:
    assert rank(facts).group is group


def test_worst_comes_first_and_of_the_same_the_one_who_has_waited_longest() -> None:
    expected = [
        named("urgent, seen", replace(QUIET, alerts=(alert(Level.URGENT, 5, seen=True),))),
        named("urgent", replace(QUIET, alerts=(alert(Level.URGENT, 1),))),
        named("old review", replace(QUIET, alerts=(alert(Level.REVIEW, 30),))),
        named("new review", replace(QUIET, alerts=(alert(Level.REVIEW, 2),))),
        named("old message", replace(UNREAD, unread_since=hours_ago(99))),
        named("new message", UNREAD),
        named("watch", replace(QUIET, alerts=(alert(Level.WATCH, 90),))),
        named("watch, seen", replace(QUIET, alerts=(alert(Level.WATCH, 3, seen=True),))),
        named("photos in a case", replace(UNSEEN, alerts=(alert(Level.URGENT, snoozed=True),))),
        named("old photos", replace(UNSEEN, unseen_since=hours_ago(50))),
        named("new photos", UNSEEN),
        named("silent", replace(QUIET, alerts=(SILENCE,))),
        named("snoozed", replace(QUIET, alerts=(alert(Level.URGENT, snoozed=True),))),
    ]
    shown = excerpt([rank(facts) for facts in reversed(expected)], WorklistQuery(), "dana")
    assert names(shown.rows) == [facts.name for facts in expected]


def test_neither_reading_nor_seeing_an_alert_moves_its_patient() -> None:
    for level in Level:
        for concern in (Concern.INFECTION, Concern.SILENCE):
            unread = alert(level, concern=concern)
            read = replace(unread, read_at=NOW, read_by="dana")
            seen = replace(read, seen_at=NOW, seen_by="dana")
            places = {rank(replace(QUIET, alerts=(each,))).place for each in (unread, read, seen)}
            assert len(places) == 1


def test_a_message_of_a_patient_under_watch_is_as_pressing_as_any_other_message() -> None:
    watched = replace(UNREAD, unread_since=hours_ago(9), alerts=(alert(Level.WATCH, 90),))
    assert rank(watched).place < rank(named("other", UNREAD)).place


def test_the_quiet_are_folded_and_counted() -> None:
    many = [rank(named(f"calm {n}")) for n in range(FOLDED + 5)]
    shown = excerpt([rank(named("urgent", UNREAD)), *many], WorklistQuery(), "dana")
    assert names(shown.rows) == ["urgent"]
    assert len(shown.folded[Group.RECOVERING]) == FOLDED
    assert shown.counts == {Group.ANSWER: 1, Group.RECOVERING: FOLDED + 5}
    assert len(excerpt(many, WorklistQuery(group=Group.RECOVERING), "dana").rows) == FOLDED + 5


def test_pages_follow_each_other_without_a_gap_either_way() -> None:
    everybody = [rank(named(f"n{n:03}", UNREAD)) for n in range(2 * PAGE + 7)]
    one = excerpt(everybody, WorklistQuery(), "dana")
    two = excerpt(everybody, WorklistQuery(after=one.later), "dana")
    three = excerpt(everybody, WorklistQuery(after=two.later), "dana")
    assert len({*names(one.rows), *names(two.rows), *names(three.rows)}) == len(everybody)
    assert (one.earlier, three.later) == (None, None)
    assert excerpt(everybody, WorklistQuery(before=three.earlier), "dana").rows == two.rows
    assert (two.first, three.first, three.total) == (PAGE + 1, 2 * PAGE + 1, len(everybody))


def test_whoever_is_answered_meanwhile_makes_nobody_be_skipped() -> None:
    everybody = [rank(named(f"n{n:03}", UNREAD)) for n in range(2 * PAGE)]
    one = excerpt(everybody, WorklistQuery(), "dana")
    answered = set(names(one.rows[:10]))
    left = [e for e in everybody if e.facts.name not in answered]
    two = excerpt(left, WorklistQuery(after=one.later), "dana")
    assert {*names(one.rows), *names(two.rows)} == {each.facts.name for each in everybody}


def test_a_place_can_be_written_and_read_and_names_nobody() -> None:
    place = rank(named("Zoë Quiet")).place
    assert Place.read(str(place)) == place
    assert "Zo" not in str(place)
    for text in ("", "1.2.3", "a.b.c.d", "1.2.3.4.5"):
        assert Place.read(text) is None


@pytest.mark.parametrize(
    ("sought", "found"),
    [
        ("zoe", ["Zoë Ångström"]),
        ("ANGSTROM zo", ["Zoë Ångström"]),
        ("soren", ["Søren"]),
        ("strasse", ["Frau Straße"]),
        ("זוהר", ["זוהר"]),
        ("søren@home", ["Søren"]),
        ("home.example", []),
        ("  ", ["Zoë Ångström", "Søren", "Frau Straße", "זוהר"]),
    ],
)
def test_people_are_found_without_case_and_accents(sought: str, found: list[str]) -> None:
    everybody = [rank(named(n)) for n in ("Zoë Ångström", "Søren", "Frau Straße", "זוהר")]
    query = WorklistQuery(sought=sought, group=None if sought.strip() else Group.RECOVERING)
    assert sorted(names(excerpt(everybody, query, "dana").rows)) == sorted(found)


def test_one_may_ask_for_ones_own_patients_or_those_of_whom_one_stands_in_for() -> None:
    own, lent = named("own", UNREAD), replace(named("lent", UNREAD), in_place_of="dana")
    both = [rank(own), rank(lent)]
    assert len(excerpt(both, WorklistQuery(), "eli").rows) == 2
    assert names(excerpt(both, WorklistQuery(whose="eli"), "eli").rows) == ["own"]
    assert names(excerpt(both, WorklistQuery(whose="dana"), "eli").rows) == ["lent"]


def test_the_next_who_waits_follows_and_after_the_last_comes_the_first() -> None:
    first = named("first", replace(QUIET, alerts=(alert(Level.URGENT),)))
    last = named("last", UNREAD)
    everybody = [rank(last), rank(first), rank(named("calm"))]
    assert next_waiting(everybody, "first") == "last"
    assert next_waiting(everybody, "last") == "first"
    assert next_waiting(everybody, "calm") == "first"
    assert next_waiting([rank(first)], "first") is None


def test_text_is_compared_plain() -> None:
    assert plain("  Łukasz  Ælfgård ") == "lukasz aelfgard"


def test_a_row_tells_of_the_region_that_its_worst_alert_is_about() -> None:
    cheek = replace(alert(Level.URGENT), regions=(Region.LEFT_CHEEK, Region.NOSE))
    spot = replace(alert(Level.REVIEW, concern=Concern.HYPERPIGMENTATION), regions=(Region.CHIN,))
    assert gauge(replace(QUIET, alerts=(spot, cheek))) == Gauge(Region.LEFT_CHEEK)
    assert gauge(replace(QUIET, alerts=(spot,))) == Gauge(Region.CHIN, Quantity.PIGMENT)


def test_a_row_tells_of_the_whole_face_where_no_alert_names_a_region_of_this_course() -> None:
    earlier = replace(alert(Level.URGENT), regions=(Region.NOSE,), treatment_id="before")
    for alerts in ((), (alert(),), (earlier,)):
        assert gauge(replace(QUIET, alerts=alerts)) == Gauge(Region.FACE, Quantity.REDNESS)


def test_what_became_of_redness_needs_two_photos() -> None:
    calm, red = Estimate(0.2, 0.05), Estimate(0.9, 0.05)
    assert LatestPhotos(NOW, Gauge(), calm, red).change is Change.LESS
    assert LatestPhotos(NOW, Gauge(), red, calm).change is Change.MORE
    assert LatestPhotos(NOW, Gauge(), red, None).change is None
