"""The pages of a small clinic, a clock that tests can set, and people who are signed in."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlite_utils import Database
from werkzeug.test import TestResponse

from tests.conftest import PASSPHRASE, TREATED_AT, Cast
from tests.tracker.courses_of_readings import Doublings, fading, reading, unchanged, with_focal
from tests.web.browser import Browser
from tracker.actions.people.accounts import add_person
from tracker.actions.people.staff import enter_absence
from tracker.actions.people.tokens import make_token
from tracker.actions.talk.notes import write_note
from tracker.domain.alerts.alerts import Alert, Concern, Factor, Level, Source
from tracker.domain.course.annotations import Annotation, Drawing, Shape
from tracker.domain.course.check_ins import Answers, CheckIn
from tracker.domain.course.outlines import Basis
from tracker.domain.course.photos import (
    EarlyPhoto,
    Photo,
    PhotoRole,
    PhotoStatus,
    Sides,
    SkinState,
    View,
)
from tracker.domain.course.readings import Estimate, FocalChanges
from tracker.domain.course.treatments import AREAS, Region
from tracker.domain.mail.mails import Mail, MailKind, about_alert
from tracker.domain.people.absences import Absence, Leave
from tracker.domain.people.access import Viewer
from tracker.domain.people.people import Duty, Person, Role
from tracker.domain.people.tokens import Scope, scopes_for
from tracker.domain.talk.conversation import Message
from tracker.domain.talk.notes import Note, NoteText
from tracker.storage.alerts import alerts
from tracker.storage.columns import new_id
from tracker.storage.connection import writing
from tracker.storage.course import annotations, check_ins, early_photos, photos, readings
from tracker.storage.mail import mails
from tracker.storage.people import people
from tracker.storage.talk import conversation, notes
from tracker.wires.photo_files import Picture
from tracker.world import World
from web import create_app
from web.api.operations import PREFIX


@dataclass
class Clock:
    """The time that the pages see."""

    now: datetime = TREATED_AT + timedelta(days=3)

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Records:
    """Puts things on record about Alice's course without looking at pixels."""

    db: Database
    world: World
    cast: Cast

    def photo(
        self,
        day: float,
        status: PhotoStatus = PhotoStatus.WAITING,
        faults: tuple[str, ...] = (),
        skin_state: SkinState = SkinState.CLEAN,
        view: View = View.FRONT,
    ) -> Photo:
        """A photo taken this many days after the treatment; before it, it is a baseline."""
        role = PhotoRole.BASELINE if day < 0 else PhotoRole.FOLLOW_UP
        taken_at = TREATED_AT + timedelta(days=day)
        photo = Photo(
            id=new_id(),
            treatment_id=self.cast.treatment.id,
            patient_id=self.cast.alice.id,
            role=role,
            status=status,
            taken_at=taken_at,
            received_at=taken_at,
            skin_state=skin_state,
            faults=faults,
            view=view,
        )
        with writing(self.db):
            is_kept = status is PhotoStatus.KEPT
            waiting = photo if is_kept else replace(photo, status=PhotoStatus.WAITING)
            photos.insert(self.db, waiting, digest=new_id())
            if status not in {PhotoStatus.WAITING, PhotoStatus.KEPT}:
                assert photos.claim(self.db, waiting, taken_at)
            if status in {PhotoStatus.MEASURED, PhotoStatus.UNMEASURABLE}:
                assert photos.finish(self.db, photo, attempt=1)
        for picture in Picture:
            self.world.files.save(photo.id, picture, f"JPEG of {picture}".encode())
        return photo

    def early(self, day: float) -> EarlyPhoto:
        """A photo of Alice that no treatment has taken, because nothing dates it."""
        at, clean = TREATED_AT + timedelta(days=day), SkinState.CLEAN
        alice, front, sides = self.cast.alice.id, View.FRONT, Sides.UNKNOWN
        photo = EarlyPhoto(new_id(), alice, at, at, clean, front, sides, False, False)
        with writing(self.db):
            early_photos.insert(self.db, photo, digest=new_id())
        self.world.files.save(photo.id, Picture.PHOTO, b"JPEG")
        return photo

    def measured(
        self,
        day: float,
        redness: Doublings = fading,
        pigment: Doublings = unchanged,
        cheek: FocalChanges | None = None,
        asymmetry: Estimate | None = None,
    ) -> Photo:
        """A photo with its reading; `cheek` are the focal changes of the left one."""
        photo = self.photo(day, PhotoStatus.MEASURED)
        seen = replace(
            reading(abs(day), redness, pigment), photo_id=photo.id, taken_at=photo.taken_at
        )
        if cheek is not None:
            seen = with_focal(seen, Region.LEFT_CHEEK, cheek, asymmetry)
        with writing(self.db):
            readings.insert(self.db, seen, Basis(photo.id, frozenset(AREAS), None))
        return photo

    def check_in(self, day: float, answers: Answers) -> CheckIn:
        """Answers given this many days after the treatment."""
        at = TREATED_AT + timedelta(days=day)
        treatment, alice = self.cast.treatment, self.cast.alice
        given = CheckIn(new_id(), treatment.id, alice.id, at, answers, received_at=at)
        with writing(self.db):
            check_ins.insert(self.db, given)
        return given

    def alert(
        self,
        photo: Photo | None = None,
        level: Level = Level.URGENT,
        concern: Concern = Concern.INFECTION,
        evidence: tuple[Factor, ...] = (
            Factor("second rise, left cheek, since day 2", 14.0, Source.PHOTOS),
        ),
    ) -> Alert:
        """An alert about Alice that no one has seen."""
        alert = Alert(
            id=new_id(),
            patient_id=self.cast.alice.id,
            treatment_id=self.cast.treatment.id,
            concern=concern,
            level=level,
            raised_at=TREATED_AT + timedelta(days=3, hours=-2),
            probability=0.97,
            onset_day=2.2 if photo else None,
            regions=(Region.LEFT_CHEEK,) if photo else (),
            evidence=evidence,
            photo_id=photo.id if photo else None,
            engine="1",
            protocol="microneedling 1",
        )
        with writing(self.db):
            alerts.save(self.db, alert)
        return alert

    def annotation(self, photo: Photo, note: str = "new scaling here") -> Annotation:
        """A circle that Dr Dana has drawn on a photo."""
        drawing = Drawing(Shape.CIRCLE, ((0.4, 0.6), (0.5, 0.6)), note)
        at, kept_as, dana = TREATED_AT + timedelta(days=2), new_id(), self.cast.dana.id
        with writing(self.db):
            annotations.add_version(self.db, kept_as, photo.id, drawing, dana, at)
        drawn = annotations.get(self.db, kept_as)
        assert drawn is not None
        return drawn

    def note(self, text: str, *, pinned: bool = False) -> Note:
        """A note about Alice that Dr Dana has written."""
        kept_as, alice = new_id(), self.cast.alice.id
        at = TREATED_AT + timedelta(days=2)
        write_note(self.db, kept_as, alice, NoteText(text, pinned), self.cast.dana.id, at)
        written = notes.get(self.db, kept_as)
        assert written is not None
        return written

    def message(self, author: Person, text: str, photo: bytes | None = None) -> Message:
        """A message in the author's own conversation; from the clinic, in Alice's."""
        at = TREATED_AT + timedelta(days=2)
        patient = author.id if author.role is Role.PATIENT else self.cast.alice.id
        said = Message(new_id(), patient, author.id, author.name, at, text, photo is not None)
        with writing(self.db):
            conversation.insert(self.db, said, key=new_id())
        if photo is not None:
            self.world.files.save(said.id, Picture.PHOTO, photo)
        return said

    def absence(self, person: Person, deputy: Person | None = None, days: int = 7) -> Absence:
        """A person is away for this many days, from the day after the treatment on."""
        first = TREATED_AT.date() + timedelta(days=1)
        leave = Leave(first, first + timedelta(days=days - 1), deputy.id if deputy else None)
        return enter_absence(self.db, person, leave, TREATED_AT)

    def mail(self, alert: Alert, to: Person) -> Mail:
        """The mail about an alert, not sent yet."""
        message = about_alert(MailKind.URGENT, alert, to, alert.raised_at)
        with writing(self.db):
            mails.insert(self.db, message)
        return message


@pytest.fixture
def fay(db: Database, cast: Cast) -> Person:
    """An assistant in Alice's care team."""
    person = Person("", Role.ASSISTANT, "Fay", "fay@clinic.example", "Europe/Berlin")
    added = add_person(db, person, PASSPHRASE)
    with writing(db):
        people.add_to_care(db, added.id, cast.alice.id)
    return added


@pytest.fixture
def ada(db: Database, cast: Cast) -> Person:
    """A practitioner who also administers, and has no patients."""
    duties = frozenset({Duty.ADMINISTRATION})
    name, zone = "Dr Ada", "Europe/Berlin"
    person = Person("", Role.PRACTITIONER, name, "ada@clinic.example", zone, duties=duties)
    return add_person(db, person, PASSPHRASE)


@pytest.fixture
def olga(db: Database, cast: Cast) -> Person:
    """An administrator who sees no patient."""
    duties = frozenset({Duty.ADMINISTRATION})
    person = Person("", Role.OFFICE, "Olga", "olga@clinic.example", "Europe/Berlin", duties=duties)
    return add_person(db, person, PASSPHRASE)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def app(world: World, clock: Clock) -> Flask:
    return create_app(world, clock)


@pytest.fixture
def records(db: Database, world: World, cast: Cast) -> Records:
    return Records(db, world, cast)


@pytest.fixture
def browser_of(app: Flask) -> Callable[[Person], Browser]:
    """A browser in which a person has signed in."""

    def browser_of(person: Person) -> Browser:
        browser = Browser(app)
        assert browser.sign_in(person, PASSPHRASE).status_code == 303
        return browser

    return browser_of


@pytest.fixture
def alice(cast: Cast, browser_of: Callable[[Person], Browser]) -> Browser:
    return browser_of(cast.alice)


@pytest.fixture
def dana(cast: Cast, browser_of: Callable[[Person], Browser]) -> Browser:
    return browser_of(cast.dana)


@pytest.fixture
def stranger(app: Flask, cast: Cast) -> Browser:
    """A person who has not signed in."""
    return Browser(app)


@dataclass
class Program:
    """A program that holds a token."""

    app: Flask
    secret: str

    def ask(self, path: str, method: str = "GET", **given: Any) -> TestResponse:
        headers = {"Authorization": f"Bearer {self.secret}", **given.pop("headers", {})}
        client = self.app.test_client(use_cookies=False)
        return client.open(f"{PREFIX}{path}", method=method, headers=headers, **given)

    def read(self, path: str) -> Any:
        """What the answer holds, which must be good."""
        answer = self.ask(path)
        assert answer.status_code == 200, (path, answer.text)
        return answer.json


@pytest.fixture
def program_of(app: Flask, db: Database) -> Callable[..., Program]:
    """A program in the name of a person, with these scopes or all that the person may give."""

    def program_of(person: Person, *scopes: Scope) -> Program:
        viewer = Viewer(person.id, person.role, duties=person.duties)
        chosen = frozenset(scopes) or scopes_for(viewer)
        _, secret = make_token(db, person, viewer, "test", chosen, 7, TREATED_AT)
        return Program(app, secret)

    return program_of
