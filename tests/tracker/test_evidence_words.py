"""What spots and the cheeks add to an alert, in words."""

from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from tests.tracker.courses_of_readings import TREATED_AT, focal, reading, treatment, with_focal
from tracker.domain.alerts.alerts import Alert, Concern, Level
from tracker.domain.course.readings import Estimate, Reading
from tracker.domain.course.treatments import Region
from tracker.domain.recovery.evidence_words import focal_words, percent_words

CHEEK = Region.LEFT_CHEEK
FEW, MORE = (1, 0.004), (3, 0.012)


def words(concern: Concern, *readings: Reading, onset: float | None = 4.0) -> tuple[str, ...]:
    """What is added to an alert about the left cheek."""
    alert = Alert(
        id="a",
        patient_id="p",
        treatment_id="t",
        concern=concern,
        level=Level.REVIEW,
        raised_at=TREATED_AT,
        probability=0.5,
        onset_day=onset,
        regions=(CHEEK,),
        evidence=(),
        photo_id=None,
        engine="3",
        protocol="microneedling 1",
    )
    return focal_words(alert, treatment(), readings, ZoneInfo("UTC"))


def cheek(day: float, **seen: tuple[int, float]) -> Reading:
    return with_focal(reading(day), CHEEK, focal(0.1, **seen))


def test_darker_spots_that_grew_since_the_onset_speak_in_an_alert_about_pigment() -> None:
    course = cheek(2, darker=(0, 0.0)), cheek(4, darker=FEW), cheek(9, darker=MORE)
    (told,) = words(Concern.HYPERPIGMENTATION, *course)
    assert told.replace("\N{NO-BREAK SPACE}", " ") == (
        "darker spots grew, left cheek: 3, covering 1.2 % of the skin on day 9;"
        " on day 4: 1, covering 0.4 %"
    )


def test_redder_spots_speak_only_where_they_grew() -> None:
    steady = cheek(4, redder=MORE), cheek(9, redder=MORE)
    grown = cheek(4, redder=FEW), cheek(9, redder=MORE)
    assert words(Concern.PROLONGED_INFLAMMATION, *steady) == ()
    (told,) = words(Concern.PROLONGED_INFLAMMATION, *grown)
    assert told.startswith("redder spots grew, left cheek: 3")


def test_spots_say_nothing_of_skin_that_became_lighter() -> None:
    course = cheek(4, darker=FEW, redder=FEW), cheek(9, darker=MORE, redder=MORE)
    assert words(Concern.HYPOPIGMENTATION, *course) == ()


def test_one_redder_cheek_speaks_in_an_infection_and_in_no_other_alert() -> None:
    one_sided = replace(reading(6), asymmetry=Estimate(-1.0, 0.2))
    (told,) = words(Concern.INFECTION, one_sided)
    assert told.startswith("one-sided")
    assert "the right cheek has 2.0\N{NO-BREAK SPACE}× the redness of the left cheek" in told
    assert words(Concern.PROLONGED_INFLAMMATION, one_sided) == ()


def test_a_difference_within_its_error_is_not_called_one_sided() -> None:
    assert words(Concern.INFECTION, replace(reading(6), asymmetry=Estimate(0.5, 0.3))) == ()


def test_old_readings_without_spots_add_nothing() -> None:
    for concern in Concern:
        assert words(concern, reading(4), reading(9), onset=None) == ()


@pytest.mark.parametrize(
    ("share", "told"),
    [(0, "0 %"), (0.0004, "under 0.1 %"), (0.012, "1.2 %"), (0.0996, "10 %"), (1, "100 %")],
)
def test_small_shares_are_told_more_finely(share: float, told: str) -> None:
    assert percent_words(share) == told.replace(" %", "\N{NO-BREAK SPACE}%")
