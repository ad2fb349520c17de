"""What a patient reads and what the work list says, in forty-odd typical states.

`python -m tests.benchmarks.words` prints it, always the same, for a line-by-line review by a nurse.
Each state is a patient of one small clinic: readings without pixels, judged by the real engine,
answers given through the real action, pages read through the whole application.
"""

import re
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path

from argon2 import PasswordHasher
from sqlite_utils import Database

from tests.benchmarks.word_states import STATES, Seen, State
from tests.tracker.courses_of_readings import TREATED_AT, reading
from tests.web.browser import Browser
from tracker.actions.alerts.raising import raise_alerts
from tracker.actions.clinic.clinic import change_clinic
from tracker.actions.course.checking_in import Recorded, record_check_in
from tracker.actions.course.treatments import begin_treatment
from tracker.actions.own_data.deciding import decide_consent
from tracker.demo import CLINIC, demo_settings
from tracker.domain.alerts.alerts import Alert, Outcome, worst_first
from tracker.domain.clinic.clinic import Clinic
from tracker.domain.course.outlines import Basis
from tracker.domain.course.photos import Photo, PhotoRole, PhotoStatus, SkinState
from tracker.domain.course.readings import Estimate, Reading
from tracker.domain.course.treatments import AREAS, Setting, Treatment
from tracker.domain.own_data.consents import Consent, Decision, Purpose
from tracker.domain.people.people import Person, Role
from tracker.storage.alerts import alerts
from tracker.storage.columns import new_id
from tracker.storage.connection import writing
from tracker.storage.course import photos, readings, treatments
from tracker.storage.own_data import looks
from tracker.storage.people import people
from tracker.world import World, open_world
from web import create_app

PASSPHRASE = "only for this benchmark"
PORT = 8766
UNREAD_TAGS = {"script", "style", "svg", "template", "form", "img", "button", "nav"}
VOID = {"br", "img", "input", "link", "meta", "hr"}
BLOCKS = {"p", "h1", "h2", "h3", "h4", "li", "section", "div", "dt", "dd", "figure", "details"}


@dataclass(frozen=True)
class Words:
    """The text in a state, page by page; `is_open` means that something waits for an answer."""

    state: State
    is_open: bool
    pages: Mapping[str, str]

    def __str__(self) -> str:
        facts = [f"day {self.state.day:g}", f"skin type {self.state.skin_type}"]
        facts += ["no clinic"] if self.state.is_alone else [f"clinic: {self.state.clinic}"]
        pages = "".join(f"\n  [{name}]\n{_indented(text)}" for name, text in self.pages.items())
        return f"== {self.state.name} ({', '.join(facts)}){pages}\n"


def main() -> None:
    """Print every state."""
    for number, words in enumerate(words_of_states(STATES), 1):
        sys.stdout.write(f"{number}. {words}\n")


def words_of_states(states: Sequence[State]) -> Iterator[Words]:
    """Each state in turn, all in one small clinic."""
    with tempfile.TemporaryDirectory() as folder:
        world = open_world(demo_settings(Path(folder), PORT))
        db = world.connect()
        try:
            yield from _Clinic(world, db).words(states)
        finally:
            db.close()


class _Clinic:
    """Dr Dana, the clock, and the patient of the current state."""

    def __init__(self, world: World, db: Database) -> None:
        self.world, self.db, self.now = world, db, TREATED_AT
        self.app = create_app(world, lambda: self.now)
        dana = Person("", Role.PRACTITIONER, "Dr Dana", "dana@clinic.example", "Europe/Berlin")
        self.dana = self._added(dana)
        clinic = Clinic(CLINIC.hours, CLINIC.phone, CLINIC.emergency_number)
        change_clinic(db, clinic, self.dana.id, self.now)

    def words(self, states: Sequence[State]) -> Iterator[Words]:
        """The text in each state."""
        for number, state in enumerate(states, 1):
            yield self._words(state, number)

    def _words(self, state: State, number: int) -> Words:
        patient = self._patient(state, number)
        treatment = self._course(state, patient)
        self._at(state.day)
        raise_alerts(self.db, self.world.protocols, self.now, treatment.id)
        if state.raised is not None and not state.again:
            self._raise_by_hand(state, treatment)
        self._act(state, patient, treatment)
        self._at(state.day, minutes=30)
        pages: dict[str, str] = {}
        browser = self._browser(patient)
        if state.answers is not None:
            kept = record_check_in(
                self.db, self.world.protocols, patient.id, state.answers, self.now
            )
            if isinstance(kept, Recorded):
                pages["Result"] = _text(browser.read(f"/check-ins/{kept.check_in.id}"))
                raise_alerts(self.db, self.world.protocols, self.now, treatment.id)
        pages |= {"Today": _text(browser.read("/")), "Progress": _text(browser.read("/progress"))}
        latest = [p for p in photos.of_treatment(self.db, treatment.id) if p.taken_at > TREATED_AT]
        if latest:
            pages["Photo"] = _text(browser.read(f"/photos/{latest[-1].id}"))
        if not state.is_alone:
            pages["Work list"] = _row(self._browser(self.dana).read(f"/?q={patient.name}"))
        asking = [a for a in alerts.of_patient(self.db, patient.id) if a.resolved_at is None]
        return Words(state, bool(asking), pages)

    def _at(self, day: float, minutes: float = 0) -> datetime:
        self.now = TREATED_AT + timedelta(days=day, minutes=minutes)
        return self.now

    def _browser(self, person: Person) -> Browser:
        browser = Browser(self.app)
        assert browser.sign_in(person, PASSPHRASE).status_code == 303
        return browser

    def _patient(self, state: State, number: int) -> Person:
        email = f"p{number:02}@clinic.example"
        person = Person("", Role.PATIENT, f"P{number:02}", email, "Europe/Berlin")
        person = replace(person, skin_type=state.skin_type)
        added = self._added(person)
        if not state.is_alone:
            with writing(self.db):
                people.add_to_care(self.db, self.dana.id, added.id)
        return added

    def _added(self, person: Person) -> Person:
        """An account whose passphrase is hashed quickly: a hundred people sign in here."""
        added = replace(person, id=new_id())
        hashed = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSPHRASE)
        with writing(self.db):
            people.insert(self.db, added)
            people.set_passphrase_hash(self.db, added.id, hashed)
        return added

    def _course(self, state: State, patient: Person) -> Treatment:
        """The treatment with everything before the state's own moment."""
        setting = Setting.HOME if state.is_alone else Setting.CLINIC
        treatment = Treatment(
            id="",
            patient_id=patient.id,
            kind=state.kind,
            performed_at=TREATED_AT,
            setting=setting,
            needle_depth_mm=state.depth_mm,
            areas=frozenset(AREAS),
            variant=state.variant,
        )
        if state.again:
            before = replace(treatment, performed_at=TREATED_AT - timedelta(days=40))
            self._at(-15)
            self._raise_by_hand(state, begin_treatment(self.db, self.world.protocols, before))
        begun = begin_treatment(self.db, self.world.protocols, treatment)
        if state.has_photos:
            self._photo(begun, state, -0.5)
            days = [d + 0.1 for d in range(int(state.shows) + 1) if d + 0.1 <= state.shows]
            for day in days if len(days) < 20 else days[:14] + days[14::4] + days[-1:]:
                self._photo(begun, state, day, is_last=day == days[-1])
        if state.waiting_photo:
            self._photo(begun, state, state.day - 0.01, PhotoStatus.WAITING)
        if state.earlier is not None:
            at = self._at(state.day - 2)
            record_check_in(self.db, self.world.protocols, patient.id, state.earlier, at)
        return begun

    def _photo(
        self,
        treatment: Treatment,
        state: State,
        day: float,
        status: PhotoStatus = PhotoStatus.MEASURED,
        *,
        is_last: bool = False,
    ) -> None:
        taken_at = TREATED_AT + timedelta(days=day)
        role = PhotoRole.BASELINE if day < 0 else PhotoRole.FOLLOW_UP
        skin = SkinState.MAKE_UP if is_last and state.made_up else SkinState.CLEAN
        photo = Photo(
            new_id(), treatment.id, treatment.patient_id, role, status, taken_at, taken_at, skin
        )
        with writing(self.db):
            waiting = replace(photo, status=PhotoStatus.WAITING)
            photos.insert(self.db, waiting, digest=new_id())
            if status is not PhotoStatus.MEASURED:
                return
            assert photos.claim(self.db, waiting, taken_at)
            assert photos.finish(self.db, photo, attempt=1)
            shown = reading(abs(day), state.redness, state.pigment)
            shown = replace(shown, photo_id=photo.id, taken_at=taken_at, skin_state=skin)
            if is_last and state.sd is not None:
                shown = _widened(shown, state.sd)
            readings.insert(self.db, shown, Basis(photo.id, frozenset(AREAS), None))
            treatments.tell_news(self.db, treatment.id)

    def _raise_by_hand(self, state: State, treatment: Treatment) -> None:
        assert state.raised is not None
        alert = Alert(
            id=new_id(),
            patient_id=treatment.patient_id,
            treatment_id=treatment.id,
            concern=state.raised.concern,
            level=state.raised.level,
            raised_at=self.now,
            probability=0.4,
            onset_day=None,
            regions=state.raised.regions,
            evidence=(),
            photo_id=None,
            engine="1",
            protocol="by hand",
        )
        with writing(self.db):
            alerts.save(self.db, alert)

    def _act(self, state: State, patient: Person, treatment: Treatment) -> None:
        """What the clinic and the patient did before the patient looks."""
        at = self._at(state.day, minutes=20)
        if state.withdrawn:
            withdrawn = Consent(Purpose.CARE, Decision.WITHDRAWN, at)
            decide_consent(self.db, patient.id, withdrawn)
        if state.clinic is Seen.NOTHING:
            return
        if state.clinic is Seen.PICTURE:
            latest = photos.of_treatment(self.db, treatment.id)[-1]
            with writing(self.db):
                looks.record(self.db, latest, self.dana.id, at)
            return
        for alert in worst_first(alerts.of_treatment(self.db, treatment.id)):
            with writing(self.db):
                alerts.save(self.db, _answered(alert, state.clinic, self.dana.id, at))


def _answered(alert: Alert, clinic: Seen, by: str, at: datetime) -> Alert:
    read = replace(alert, read_at=at, read_by=by)
    seen = replace(read, seen_at=at, seen_by=by)
    match clinic:
        case Seen.READ:
            return read
        case Seen.TAKEN_ON:
            return seen
        case Seen.SNOOZED:
            return replace(seen, snoozed_until=at + timedelta(days=2))
        case _:
            return replace(seen, resolved_at=at, outcome=Outcome.FALSE)


def _widened(shown: Reading, sd: float) -> Reading:
    regions = {
        region: replace(each, redness=Estimate(each.redness.value, sd))
        for region, each in shown.regions.items()
    }
    return replace(shown, regions=regions)


class _Reader(HTMLParser):
    """The text that a page shows, a line for each block."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = [""]
        self._hidden: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Skip what is not shown."""
        given = dict(attrs)
        classes = (given.get("class") or "").split()
        is_hidden = tag in UNREAD_TAGS or "hidden" in given or "twin" in classes or "sr" in classes
        if tag not in VOID and (self._hidden or is_hidden):
            self._hidden.append(tag)
        if tag in BLOCKS or tag == "br":
            self.lines.append("")

    def handle_endtag(self, tag: str) -> None:
        """Show again what comes after."""
        if self._hidden and tag not in VOID:
            self._hidden.pop()
        if tag in BLOCKS:
            self.lines.append("")

    def handle_data(self, data: str) -> None:
        """Keep what is shown."""
        if not self._hidden:
            self.lines[-1] += data


def _text(page: str) -> str:
    """The main part of a page as it is read."""
    main = page[page.index('<main id="main"') : page.index("</main>")]
    return _read(main)


def _row(page: str) -> str:
    """The patient's row of the work list with the heading of its group."""
    parts = r'<h2[^>]*>.*?</h2>|<summary>.*?</summary>|<li class="row .*?</li>'
    rows = re.findall(parts, page, re.DOTALL)
    return _read("".join(rows))


def _read(html: str) -> str:
    reader = _Reader()
    reader.feed(html)
    lines = [" ".join(line.split()) for line in reader.lines]
    return "\n".join(line for line in lines if line)


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.splitlines())


if __name__ == "__main__":
    main()
