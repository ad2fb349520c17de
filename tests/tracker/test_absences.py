"""Who deputises for whom, and whom an alert asks when a person is away."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from tracker.domain.people.absences import (
    Absence,
    Leave,
    deputies_of,
    ended,
    on_duty,
    planned,
    stood_in_for,
)
from tracker.domain.people.people import Person, Role, in_turn

NOW = datetime(2026, 3, 27, 9, tzinfo=UTC)
WEEK = Leave(date(2026, 3, 28), date(2026, 4, 3), "eli")


def doctor(name: str) -> Person:
    return Person(name, Role.PRACTITIONER, name, f"{name}@clinic.example", "Europe/Berlin")


DANA, ELI, FAY = doctor("dana"), doctor("eli"), doctor("fay")
EVERYBODY = {person.id: person for person in (DANA, ELI, FAY)}


def away(**deputies: str | None) -> dict[str, Absence]:
    return {
        person: replace(planned(person, EVERYBODY[person], WEEK, NOW), deputy_id=deputy)
        for person, deputy in deputies.items()
    }


def asked(absences: dict[str, Absence], *team: tuple[Person, int]) -> list[tuple[str, int]]:
    return [(person.name, turn) for person, turn in on_duty(team, absences, EVERYBODY)]


def test_an_absence_is_whole_days_where_the_person_lives_over_a_change_of_clocks() -> None:
    absence = planned("one", DANA, WEEK, NOW)
    assert absence.begins_at == datetime(2026, 3, 27, 23, tzinfo=UTC)
    assert absence.ends_at == datetime(2026, 4, 3, 22, tzinfo=UTC)
    assert (absence.first_day, absence.last_day) == (WEEK.first_day, WEEK.last_day)
    assert not absence.lasts_at(NOW)
    assert absence.lasts_at(absence.begins_at)
    assert not absence.lasts_at(absence.ends_at)


def test_one_may_leave_today_from_now_on() -> None:
    absence = planned("one", DANA, Leave(NOW.date(), NOW.date(), None), NOW)
    assert absence.begins_at == NOW
    assert absence.lasts_at(NOW)


@pytest.mark.parametrize(
    ("first", "last", "remedy"),
    [
        (date(2026, 4, 3), date(2026, 4, 2), "swap them"),
        (date(2026, 3, 1), date(2026, 3, 26), "from today on"),
        (date(2026, 4, 1), date(2027, 4, 2), "a shorter one"),
        (date(9999, 12, 30), date(9999, 12, 31), "check the days"),
    ],
)
def test_days_that_make_no_absence_are_refused_with_a_remedy(
    first: date, last: date, remedy: str
) -> None:
    with pytest.raises(ValueError, match=remedy):
        planned("one", DANA, Leave(first, last, None), NOW)


def test_an_absence_can_be_called_off_or_ended_early_and_stays_on_record() -> None:
    absence = planned("one", DANA, WEEK, NOW)
    assert ended(absence, NOW).was_called_off
    middle = absence.begins_at + timedelta(days=2)
    shorter = ended(absence, middle)
    assert (shorter.ends_at, shorter.ended_at, shorter.last_day) == (
        middle,
        middle,
        date(2026, 3, 30),
    )
    assert not shorter.lasts_at(middle)
    assert ended(absence, absence.ends_at) == absence


def test_a_deputy_who_is_away_has_a_deputy_too() -> None:
    absences = away(dana="eli", eli="fay")
    assert deputies_of("dana", absences) == ["eli", "fay"]
    assert stood_in_for("fay", absences) == ["dana", "eli"]
    assert stood_in_for("eli", absences) == ["dana"]
    assert stood_in_for("dana", absences) == []


def test_two_who_stand_in_for_each_other_go_round_no_circle() -> None:
    absences = away(dana="eli", eli="dana")
    assert deputies_of("dana", absences) == ["eli"]
    assert asked(absences, (DANA, 1)) == [("dana", 2)]


def test_the_deputy_takes_the_turn_and_the_one_away_comes_last() -> None:
    assert asked(away(dana="eli"), (DANA, 1), (FAY, 2)) == [("eli", 1), ("fay", 2), ("dana", 3)]


def test_without_a_deputy_the_next_turn_is_asked_first() -> None:
    team = on_duty([(DANA, 1), (FAY, 2)], away(dana=None), EVERYBODY)
    assert in_turn(team, asked=0) == [FAY]


def test_an_alert_never_falls_into_nobodys_hands() -> None:
    for absences in (away(dana=None), away(dana="eli", eli=None), away(dana="eli", eli="dana")):
        team = on_duty([(DANA, 1)], absences, EVERYBODY)
        assert in_turn(team, asked=0) == [DANA]


def test_a_deputy_of_the_same_team_is_asked_once_at_the_earlier_turn() -> None:
    assert asked(away(dana="fay"), (DANA, 1), (FAY, 2)) == [("fay", 1), ("dana", 3)]


def test_assistants_and_suspended_people_cannot_stand_in() -> None:
    assert ELI.answers_alerts
    assert not replace(ELI, role=Role.ASSISTANT).answers_alerts
    assert not replace(ELI, suspended_at=NOW).answers_alerts
