"""The states whose words are printed by `python -m tests.benchmarks.words`."""

from dataclasses import dataclass
from enum import StrEnum

from tests.tracker.courses_of_readings import Doublings, darkening, fading, staying, unchanged
from tracker.domain.alerts.alerts import Concern, Level
from tracker.domain.course.check_ins import Answers, Trend
from tracker.domain.course.treatments import Region


class Seen(StrEnum):
    """What the clinic did about the open alert before the patient looks."""

    NOTHING = "not opened"
    PICTURE = "a picture opened"
    READ = "the alert opened"
    TAKEN_ON = "marked as seen"
    SNOOZED = "snoozed"
    RESOLVED = "resolved"


@dataclass(frozen=True)
class Raised:
    """An alert that is recorded by hand, because no photo of these states raises it."""

    concern: Concern
    level: Level
    regions: tuple[Region, ...] = ()


@dataclass(frozen=True)
class State:
    """A patient at `day`; photos were measured each day up to `photos_until`.

    `answers` are given at `day`, `earlier` two hours before the clinic's action. `sd` widens the
    error of the last photo.
    """

    name: str
    day: float
    redness: Doublings = fading
    pigment: Doublings = unchanged
    photos_until: float | None = None
    answers: Answers | None = None
    earlier: Answers | None = None
    clinic: Seen = Seen.NOTHING
    raised: Raised | None = None
    kind: str = "microneedling"
    variant: str | None = None
    depth_mm: float | None = 1.5
    skin_type: int = 2
    is_alone: bool = False
    withdrawn: bool = False
    waiting_photo: bool = False
    again: bool = False
    sd: float | None = None
    made_up: bool = False
    has_photos: bool = True

    @property
    def shows(self) -> float:
        """The day of the latest photo that was measured."""
        return self.day if self.photos_until is None else self.photos_until


def gentle(region: Region, day: float) -> float:
    """Redness of a usual course after 0.3 mm."""
    return 0.2 * fading(region, day) * 2 ** (-day)


def focus_at_home(region: Region, day: float) -> float:
    """The left cheek reddens again from day 4, after 0.3 mm."""
    return gentle(region, day) + focus(region, day) - fading(region, day)


def focus(region: Region, day: float) -> float:
    """The left cheek reddens again from day 4."""
    return fading(region, day) + (0.6 * max(0, day - 4) if region is Region.LEFT_CHEEK else 0)


def spot(region: Region, day: float) -> float:
    """One cheek is redder in the last photo only."""
    return fading(region, day) + (1.2 if region is Region.LEFT_CHEEK and day >= 5 else 0)


def hot(region: Region, day: float) -> float:
    """A face that is redder than most."""
    return fading(region, day) + 0.7


def dark_cheek(region: Region, day: float) -> float:
    """Pigment that appears on the right cheek."""
    return darkening(region, day) if region is Region.RIGHT_CHEEK else 0.0


def pale_cheek(region: Region, day: float) -> float:
    """Pigment that is lost on the right cheek."""
    return -dark_cheek(region, day)


CALM = Answers(
    pain=1,
    itch=0,
    swelling=0,
    warmth=False,
    pus=False,
    blisters=False,
    spreading=False,
    fever=False,
    breathing_or_face_swelling=False,
    trend=Trend.BETTER,
)
SICK = Answers(pain=6, itch=0, swelling=3, warmth=True, pus=True, fever=True, trend=Trend.WORSE)
CHEEK = (Region.LEFT_CHEEK,)

STATES: tuple[State, ...] = (
    # Nothing is open
    State("quiet, calm answers", 3.2, answers=CALM),
    State("treatment day, nothing sent yet", 0.2, has_photos=False),
    State("quiet, brown skin", 5.2, answers=CALM, skin_type=5),
    State("quiet, needles of 0.3 mm at home, with a clinic", 2.2, kind="home_roller",
          depth_mm=0.3, redness=gentle),
    State("redder than most", 3.2, redness=hot, answers=CALM),
    State("worse than yesterday, no sign ticked", 3.2, answers=Answers(trend=Trend.WORSE)),
    State("one cheek redder than the face, one photo", 5.2, redness=spot, answers=CALM),
    State("photo too uncertain", 3.2, sd=0.9),
    State("photo with make-up", 4.2, made_up=True),
    State("after the plan, quiet", 120.2, photos_until=60, answers=CALM),
    # Finding 2: something is open
    State("left cheek rises, not opened", 8.2, redness=focus, answers=CALM),
    State("left cheek rises, not opened, dark skin", 8.2, redness=focus, skin_type=6),
    State("left cheek rises, a picture opened", 8.2, redness=focus, clinic=Seen.PICTURE),
    State("left cheek rises, the alert opened", 8.2, redness=focus, clinic=Seen.READ),
    State("left cheek rises, marked as seen", 8.2, redness=focus, clinic=Seen.TAKEN_ON),
    State("left cheek rises, snoozed", 8.2, redness=focus, clinic=Seen.SNOOZED),
    State("left cheek rises, resolved", 8.2, redness=focus, clinic=Seen.RESOLVED),
    State(
        "left cheek rises, resolved, then pus and fever",
        8.2,
        redness=focus,
        clinic=Seen.RESOLVED,
        answers=Answers(pus=True, fever=True),
    ),
    State("left cheek rises, newer photo waits", 8.2, redness=focus, waiting_photo=True),
    State("left cheek rises, consent withdrawn", 8.2, redness=focus, withdrawn=True),
    State("left cheek rises, no clinic", 8.2, redness=focus_at_home, is_alone=True,
          kind="home_roller", depth_mm=0.3),
    State("face stays red", 9.2, redness=staying, answers=CALM),
    State("right cheek darkens", 30.2, pigment=dark_cheek, answers=CALM),
    State("right cheek darkens, dark skin, the alert opened", 30.2, pigment=dark_cheek,
          skin_type=5, clinic=Seen.READ),
    State("right cheek pales", 45.2, pigment=pale_cheek),
    State("watch only, chin", 6.2, raised=Raised(Concern.INFECTION, Level.WATCH, (Region.CHIN,))),
    State("alert of an earlier treatment", 3.2, again=True,
          raised=Raised(Concern.HYPERPIGMENTATION, Level.REVIEW, CHEEK)),
    State("silent", 6.2, photos_until=2, raised=Raised(Concern.SILENCE, Level.REVIEW)),
    State("course not judged", 4.2, raised=Raised(Concern.UNJUDGED, Level.URGENT)),
    # Finding 5: an answer just given
    State("pus, day 1", 1.2, answers=Answers(pus=True)),
    State("pus, day 17", 17.2, answers=Answers(pus=True)),
    State("pus, day 40", 40.2, answers=Answers(pus=True)),
    State("very sick, day 2", 1.74, answers=SICK),
    State("fever alone", 3.2, answers=Answers(fever=True)),
    State("fever and spreading", 3.2, answers=Answers(fever=True, spreading=True)),
    State("pain 7", 3.2, answers=Answers(pain=7)),
    State("pain 9", 1.2, answers=Answers(pain=9)),
    State("severe swelling", 3.6, answers=Answers(swelling=3)),
    State("hives", 5.2, answers=Answers(hives=True)),
    State("blisters, no cold sores before", 4.2, answers=Answers(blisters=True)),
    State("only trouble breathing", 0.3, answers=Answers(breathing_or_face_swelling=True)),
    State("dusky skin", 2.2, answers=Answers(dusky=True), skin_type=6),
    State("bleeding that does not stop", 0.4, answers=Answers(bleeding=True)),
    State("eye pain after IPL", 1.2, kind="ipl", depth_mm=None, answers=Answers(eye_pain=True)),
    State("drooping after RF", 1.2, kind="rf_microneedling",
          answers=Answers(numb_or_drooping=True)),
    State("swollen eyes after a deep peel", 2.2, kind="chemical_peel", variant="deep",
          depth_mm=None, answers=Answers(eye_swelling=True)),
    State("pus two days ago, calm today", 5.2, earlier=Answers(pus=True), answers=CALM),
    State("red cheek opened, then trouble breathing", 8.2, redness=focus, clinic=Seen.READ,
          answers=Answers(breathing_or_face_swelling=True)),
    # No clinic
    State("no clinic, calm", 2.2, is_alone=True, kind="home_roller",
          depth_mm=0.3, redness=gentle, answers=CALM),
    State("no clinic, pus", 2.2, is_alone=True, kind="home_roller",
          depth_mm=0.3, redness=gentle,
          answers=Answers(pus=True)),
    State("no clinic, very sick", 2.2, is_alone=True, kind="home_roller",
          depth_mm=0.3, redness=gentle,
          answers=SICK),
    State("no clinic, trouble breathing", 0.3, is_alone=True, kind="home_roller",
          depth_mm=0.3, redness=gentle,
          answers=Answers(breathing_or_face_swelling=True)),
    State("no clinic, worse than yesterday", 2.2, is_alone=True, kind="home_roller",
          depth_mm=0.3, redness=gentle,
          answers=Answers(trend=Trend.WORSE)),
)  # fmt: skip
