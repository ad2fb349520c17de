"""A patient's whole record leaves one clinic and comes into another as it was."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
from sqlite_utils import Database

from tests.conftest import PASSPHRASE, PROTOCOLS, TREATED_AT, Cast, cast_of, settings_for
from tests.tracker.answers_to_alerts import give
from tests.tracker.courses_of_readings import CALM, focal, rising_again
from tests.web.conftest import Records
from tracker.actions.course.planning import add_care_line, plan_sessions
from tracker.actions.course.progress import Progress, show_progress
from tracker.actions.course.treatments import correct_screening, end_treatment
from tracker.actions.desk.worklist import show_worklist
from tracker.actions.own_data.deciding import decide_consent
from tracker.actions.own_data.exporting import export_own_data
from tracker.actions.own_data.record_export import export_record
from tracker.actions.own_data.record_import import Imported, import_record
from tracker.actions.people.accounts import add_person
from tracker.actions.people.joining import Invited, invite_patient
from tracker.domain.alerts.alert_life import Resolution, Snooze, Step
from tracker.domain.alerts.alerts import Concern, Level, Outcome, Stage
from tracker.domain.clinic.audit import Act, Search
from tracker.domain.course.outlines import Outlines
from tracker.domain.course.photos import EarlyPhoto, Photo, Sides, SkinState, View
from tracker.domain.course.procedures import Ending
from tracker.domain.course.session_plans import SessionPlan
from tracker.domain.course.sides import Said, SaidBy, SidesAnswer
from tracker.domain.desk.worklist import WorklistQuery
from tracker.domain.mail.mails import MailKind
from tracker.domain.own_data.consents import Consent, Decision, Purpose
from tracker.domain.own_data.erasures import erasure_asked
from tracker.domain.own_data.record_form import KINDS, Holds
from tracker.domain.own_data.record_manifest import RecordError
from tracker.domain.people.people import Person, Role
from tracker.domain.protocols.aftercare import OwnLine
from tracker.domain.protocols.care import Heading
from tracker.domain.protocols.protocols import Protocols
from tracker.domain.protocols.screening import Screening
from tracker.storage.alerts import alert_history, alerts
from tracker.storage.clinic import audit_log
from tracker.storage.columns import new_id
from tracker.storage.connection import writing
from tracker.storage.course import ahead_answers, early_photos, outlines, photos, sides
from tracker.storage.mail import mails
from tracker.storage.own_data import erasures, rows
from tracker.storage.own_data import records as record_rows
from tracker.storage.people import people
from tracker.storage.protocols import protocol_editions, protocol_files
from tracker.storage.protocols.protocol_files import parse_own
from tracker.storage.talk import conversation, notes
from tracker.wires.archives import Entry, zipped
from tracker.wires.photo_files import Picture
from tracker.world import World, open_world

NOW = TREATED_AT + timedelta(days=12)


@dataclass(frozen=True)
class Elsewhere:
    """Another clinic, with a practitioner and a way to take a record in."""

    world: World
    db: Database
    wanda: Person

    def take_in(self, file: Path) -> Imported:
        """The record in this file, for Dr Wanda."""
        protocols = self.world.renewed(self.db).protocols
        return import_record(self.db, self.world.files, protocols, file, self.wanda, None, NOW)

    @property
    def patients(self) -> list[Person]:
        """Everyone in Dr Wanda's care."""
        return people.patients_of(self.db, self.wanda.id)


@pytest.fixture
def records(db: Database, world: World, cast: Cast) -> Records:
    return Records(db, world, cast)


@pytest.fixture
def elsewhere(tmp_path: Path, empty_clinic: Path) -> Iterator[Elsewhere]:
    settings = settings_for(tmp_path / "elsewhere")
    copytree(empty_clinic, settings.data)
    world = open_world(settings)
    with closing(world.connect()) as db:
        name, zone = "Dr Wanda", "Europe/Vienna"
        wanda = Person("", Role.PRACTITIONER, name, "wanda@other.example", zone)
        yield Elsewhere(world, db, add_person(db, wanda, PASSPHRASE))


def exported(
    db: Database, world: World, patient: Person, protocols: Protocols = PROTOCOLS
) -> Iterator[Entry]:
    """The files of the patient's record."""
    files = world.files
    own = partial(export_own_data, db, files, patient)
    return export_record(db, files, patient, protocols, own, None, NOW)


def written(db: Database, world: World, patient: Person, file: Path) -> Path:
    """The patient's record as a file."""
    entries = exported(db, world, patient)
    file.write_bytes(b"".join(zipped(entries, NOW)))
    return file


@dataclass(frozen=True)
class Home:
    """The clinic from which Alice goes; `record` is her whole record as a file."""

    world: World
    db: Database
    cast: Cast
    record: Path


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, empty_clinic: Path) -> Iterator[Home]:
    """Alice's record with at least one line of every kind; made once, and only read."""
    folder = tmp_path_factory.mktemp("home")
    settings = settings_for(folder / "data")
    copytree(empty_clinic, settings.data)
    world = open_world(settings)
    with closing(world.connect()) as db:
        cast = cast_of(db)
        fill(Records(db, world, cast))
        yield Home(world, db, cast, written(db, world, cast.alice, folder / "alice.zip"))


def fill(records: Records) -> Photo:
    """Put something of every kind on record about Alice; returns her reference photo."""
    db, alice, dana, course = (
        records.db,
        records.cast.alice,
        records.cast.dana,
        records.cast.treatment,
    )
    baseline = records.measured(-1)
    corner = ((0.1, 0.2), (0.3, 0.2), (0.3, 0.4))
    early = EarlyPhoto(
        new_id(), alice.id, NOW, NOW, SkinState.CLEAN, View.FRONT, Sides.UNKNOWN, True, False
    )
    with writing(db):
        outlines.insert(db, baseline.id, Outlines((corner,)), dana.id, TREATED_AT)
        before = photos.get(db, baseline.id)
        assert before is not None
        plain = SidesAnswer(baseline.id, Said.PLAIN, SaidBy.CLINIC, TREATED_AT, dana.id)
        sides.record(db, before, plain)
        early_photos.insert(db, early, "early")
    records.world.files.save(early.id, Picture.PHOTO, b"early JPEG")
    for number in range(1, 6):
        records.measured(number + 0.05, rising_again, cheek=focal(0.1, (3, 0.02)))
        records.check_in(number, replace(CALM, note=f"day {number}: „so lala“"))
    given = Screening({"pregnancy": False}, TREATED_AT, dana.id)
    asked = PROTOCOLS.of(course.kind).screening[0]
    with writing(db):
        ahead_answers.insert(db, alice.id, course.kind, asked, answer=False, at=TREATED_AT)
    heard = ahead_answers.of_patient(db, alice.id)[-1].number
    correct_screening(db, PROTOCOLS, course.id, given, known=0, heard=heard)
    day = TREATED_AT.date()
    line = OwnLine("", alice.id, Heading.DO, "Keep the cat away.", day, day, dana.id, TREATED_AT)
    add_care_line(db, line)
    plan_sessions(db, SessionPlan(alice.id, course.id, 1, 3, 28, TREATED_AT, dana.id))
    decide_consent(db, alice.id, Consent(Purpose.TEACHING, Decision.GIVEN, NOW, baseline.id))
    records.note("Afraid of needles", pinned=True)
    records.annotation(baseline)
    said = records.message(alice, "Is this normal?", photo=b"JPEG of a chin")
    with writing(db):
        conversation.mark_read(db, alice.id, dana.id, NOW)
    assert said.has_photo
    closed = records.alert(baseline, Level.REVIEW, Concern.HYPERPIGMENTATION)
    give(db, closed, dana, Resolution(Outcome.FALSE, "A scratch."), TREATED_AT + timedelta(days=4))
    end_treatment(db, course.id, Ending(NOW, dana.id, "Alice moved away."))
    return baseline


def told(db: Database, patient: Person) -> dict[str, list[dict[str, Any]]]:
    """All lines of a patient's record; ids are numbered in the order in which rows have them."""
    known: dict[tuple[str, Any], str] = {("people", patient.id): "the patient"}
    named = {each.id: each.name for each in record_rows.named_in(db, _all_people(db), "Home")}
    lines: dict[str, list[dict[str, Any]]] = {}
    for kind in KINDS:
        lines[kind.name] = []
        for number, line in enumerate(record_rows.lines(db, kind, patient.id)):
            changed = dict(line)
            for name, field in kind.fields.items():
                value = line[name]
                if field.holds in {Holds.KEY, Holds.NUMBER}:
                    known[kind.name, value] = changed[name] = f"{kind.name} {number}"
                elif field.holds is Holds.REF and value is not None:
                    changed[name] = known.get((field.of, value)) or named[value]
                elif field.holds is Holds.BEFORE:
                    changed[name] = value | {"ended_by": named.get(value["ended_by"])}
            lines[kind.name].append(changed)
    return lines


def _all_people(db: Database) -> set[str]:
    return {row["id"] for row in db.query("SELECT id FROM people WHERE role <> 'patient'")}


def test_a_record_comes_out_of_the_other_clinic_as_it_went_in(
    home: Home, elsewhere: Elsewhere
) -> None:
    before = told(home.db, home.cast.alice)
    assert [name for name, lines in before.items() if not lines] == []
    done = elsewhere.take_in(home.record)
    assert told(elsewhere.db, done.patient) == before
    ours = photos.of_patient(home.db, home.cast.alice.id)
    theirs = photos.of_patient(elsewhere.db, done.patient.id)
    for one, other in zip(ours, theirs, strict=True):
        assert one.id != other.id
        for picture in Picture:
            kept = elsewhere.world.files.load(other.id, picture)
            assert kept == home.world.files.load(one.id, picture)
    (said,) = conversation.of_patient(elsewhere.db, done.patient.id)
    assert elsewhere.world.files.load(said.id, Picture.PHOTO) == b"JPEG of a chin"


def test_the_chart_the_band_and_what_the_engine_concludes_are_the_same(
    home: Home, elsewhere: Elsewhere
) -> None:
    done = elsewhere.take_in(home.record)
    ours = show_progress(home.db, PROTOCOLS, home.cast.alice.id, NOW)
    theirs = show_progress(elsewhere.db, PROTOCOLS, done.patient.id, NOW)
    assert isinstance(ours, Progress)
    assert isinstance(theirs, Progress)
    assert theirs.band == ours.band
    assert [r.regions for r in theirs.readings] == [r.regions for r in ours.readings]
    assert [r.taken_at for r in theirs.readings] == [r.taken_at for r in ours.readings]
    unnamed = [
        [replace(each, photo_id=None) for each in progress.assessment.findings]
        for progress in (ours, theirs)
    ]
    assert unnamed[0] == unnamed[1]


def test_an_open_alert_asks_the_people_of_the_other_clinic(
    records: Records, db: Database, world: World, cast: Cast, elsewhere: Elsewhere, tmp_path: Path
) -> None:
    urgent = records.alert(records.measured(3))
    late = records.alert(None, Level.URGENT, Concern.HYPERPIGMENTATION)
    give(db, late, cast.dana, Snooze((NOW + timedelta(days=3)).date(), "Later."), NOW)
    done = elsewhere.take_in(written(db, world, cast.alice, tmp_path / "alice.zip"))
    assert done.open_alerts == 2
    told = [
        show_worklist(
            elsewhere.db, PROTOCOLS, elsewhere.wanda, WorklistQuery(), NOW + timedelta(days=days)
        ).rows[0]
        for days in (0, 15)
    ]
    assert [row.came_from for row in told] == ["another clinic", ""]
    for ours, theirs in zip(
        (late, urgent),
        sorted(alerts.of_patient(elsewhere.db, done.patient.id), key=_concern),
        strict=True,
    ):
        assert theirs.stage is Stage.OPEN
        assert theirs.raised_at == ours.raised_at
        steps = alert_history.of_alert(elsewhere.db, theirs.id)
        assert steps[-1].step is Step.ARRIVED
        assert steps[-1].why == "from another clinic"
        (mail,) = [m for m in mails.due(elsewhere.db, NOW) if m.alert_ids == (theirs.id,)]
        assert (mail.kind, mail.recipient_id) == (MailKind.URGENT, elsewhere.wanda.id)
        assert len(steps) == len(alert_history.of_alert(db, ours.id)) + 1


def _concern(alert: Any) -> str:
    return str(alert.concern)


def test_the_patient_hears_nothing_and_can_be_invited(home: Home, elsewhere: Elsewhere) -> None:
    done = elsewhere.take_in(home.record)
    assert people.passphrase_hash(elsewhere.db, done.patient.id) is None
    assert mails.of_recipient(elsewhere.db, done.patient.id) == []
    assert [each.name for each in elsewhere.patients] == ["Alice"]
    invited = invite_patient(elsewhere.db, elsewhere.wanda, "Alice", home.cast.alice.email, NOW)
    assert isinstance(invited, Invited)
    assert invited.patient.id == done.patient.id


def test_people_of_the_other_clinic_are_names_and_never_accounts(
    home: Home, elsewhere: Elsewhere
) -> None:
    dana = Person("", Role.PRACTITIONER, "Dr Dana", home.cast.dana.email, "UTC")
    here = add_person(elsewhere.db, dana, PASSPHRASE)
    done = elsewhere.take_in(home.record)
    staff = {person.id for person, *_ in people.staff(elsewhere.db)}
    assert staff == {here.id, elsewhere.wanda.id}
    (note,) = notes.of_patient(elsewhere.db, done.patient.id)
    assert note.latest.author == "Dr Dana (another clinic)"
    assert note.latest.author_id not in staff


def test_what_came_with_a_record_is_erased_with_it(home: Home, elsewhere: Elsewhere) -> None:
    before = {row["id"] for row in elsewhere.db.query("SELECT id FROM people")}
    done = elsewhere.take_in(home.record)
    asked = erasure_asked(done.patient.id, 0, NOW)
    with writing(elsewhere.db):
        erasures.insert(elsewhere.db, asked)
        rows.erase_rows(elsewhere.db, done.patient.id)
    assert {row["id"] for row in elsewhere.db.query("SELECT id FROM people")} == before
    assert elsewhere.take_in(home.record).patient.name == "Alice"


def test_the_same_patient_does_not_come_twice(
    home: Home, elsewhere: Elsewhere, tmp_path: Path
) -> None:
    db, world, cast = home.db, home.world, home.cast
    with pytest.raises(RecordError, match=r"has the record already: Alice \(alice@"):
        import_record(db, world.files, PROTOCOLS, home.record, cast.dana, None, NOW)
    done = elsewhere.take_in(home.record)
    with pytest.raises(RecordError, match=r"has the record already: Alice \(alice@"):
        elsewhere.take_in(home.record)
    back = written(elsewhere.db, elsewhere.world, done.patient, tmp_path / "back.zip")
    with pytest.raises(RecordError, match="has the record already: Alice"):
        import_record(db, world.files, PROTOCOLS, back, cast.dana, None, NOW)


def test_an_address_or_a_record_number_of_someone_here_is_refused_by_name(
    db: Database, world: World, cast: Cast, elsewhere: Elsewhere, tmp_path: Path
) -> None:
    with writing(db):
        people.set_record_number(db, cast.alice.id, "é-17")
    file = written(db, world, cast.alice, tmp_path / "alice.zip")
    amy = Person("", Role.PATIENT, "Amy", cast.alice.email, "UTC")
    here = add_person(elsewhere.db, amy, PASSPHRASE)
    with pytest.raises(RecordError, match="is the address of Amy"):
        elsewhere.take_in(file)
    with writing(elsewhere.db):
        elsewhere.db.execute("UPDATE people SET email = 'amy@x.example' WHERE id = ?", [here.id])
        people.set_record_number(elsewhere.db, here.id, "É-17")
    with pytest.raises(RecordError, match=r"Amy \(amy@x.example\) has the record number é-17"):
        elsewhere.take_in(file)


def test_a_record_of_a_patient_who_withdrew_consent_stays(
    db: Database, world: World, cast: Cast
) -> None:
    decide_consent(db, cast.alice.id, Consent(Purpose.CARE, Decision.WITHDRAWN, NOW))
    with pytest.raises(RecordError, match="only the patient may take the record along"):
        exported(db, world, cast.alice)


def test_both_clinics_account_for_it(home: Home, elsewhere: Elsewhere) -> None:
    db, cast = home.db, home.cast
    (out,) = audit_log.search(db, Search(act=Act.DATA_EXPORTED))
    assert (out.about, out.details) == (cast.alice.id, "the whole record")
    done = elsewhere.take_in(home.record)
    (into,) = audit_log.search(elsewhere.db, Search(act=Act.RECORD_IMPORTED))
    assert into.about == done.patient.id


def test_an_edition_that_is_unknown_comes_along_and_takes_no_force(
    records: Records, db: Database, world: World, cast: Cast, elsewhere: Elsewhere, tmp_path: Path
) -> None:
    text = protocol_files.shipped_text("microneedling")
    ours = parse_own(text.replace('version = "', 'version = "ours ', 1), "ours")
    with writing(db):
        protocol_editions.insert(db, ours)
    alert = records.alert(records.measured(1))
    with writing(db):
        alerts.save(db, replace(alert, protocol=ours.label))
    elsewhere.take_in(written(db, world, cast.alice, tmp_path / "alice.zip"))
    assert protocol_editions.text_of(elsewhere.db, ours.digest) == ours.text
    in_force = elsewhere.world.renewed(elsewhere.db).protocols.of("microneedling")
    assert in_force.digest == PROTOCOLS.of("microneedling").digest


def test_a_course_of_a_kind_that_is_unknown_follows_the_edition_that_came_along(
    records: Records, db: Database, world: World, cast: Cast, elsewhere: Elsewhere, tmp_path: Path
) -> None:
    text = protocol_files.shipped_text("microneedling")
    ours = parse_own(text.replace('"microneedling"', '"tattoo_removal"', 1), "ours")
    with writing(db):
        db.execute("UPDATE treatments SET kind = 'tattoo_removal'")
    both = Protocols({**PROTOCOLS.by_kind, ours.kind: ours})
    entries = exported(db, world, cast.alice, both)
    file = tmp_path / "alice.zip"
    file.write_bytes(b"".join(zipped(entries, NOW)))
    elsewhere.take_in(file)
    assert elsewhere.world.renewed(elsewhere.db).protocols.of(ours.kind).digest == ours.digest
