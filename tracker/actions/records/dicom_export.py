"""A patient's photos and maps leave as DICOM, to a folder or to another node."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING

from sqlite_utils import Database

from tracker.domain.clinic.audit import Act, Entry
from tracker.domain.own_data.record_manifest import RecordError
from tracker.domain.people.people import Person
from tracker.domain.record.record import CourseRecord
from tracker.storage import record
from tracker.storage.clinic import audit_log, clinic
from tracker.storage.connection import reading, writing
from tracker.storage.own_data import consents
from tracker.wires.photo_files import PhotoFiles, PhotoUnreadable, Picture

if TYPE_CHECKING:
    from pydicom import FileDataset

    from tracker.wires.dicom import Study


def dicom_courses(
    db: Database, patient: Person, by: str | None, now: datetime
) -> tuple[list[CourseRecord], str]:
    """The courses of a patient whose photos leave, and the clinic's name; audited before.

    Raises RecordError for a patient who has withdrawn consent to care.
    """
    with writing(db):
        if consents.care_withdrawn_at(db, patient.id) is not None:
            raise RecordError(
                f"{patient.name} has withdrawn consent to care; only the patient may take the"
                " photos along, with the download under My data"
            )
        audit_log.add(db, Entry(Act.DATA_EXPORTED, now, by, patient.id, "DICOM"))
    with reading(db):
        known = clinic.get(db)
        courses = record.of_patient(db, patient).courses
    return list(courses), known.name if known else ""


def dicom_instances(
    files: PhotoFiles, study: "Study", course: CourseRecord, unreadable: list[str]
) -> Iterator["FileDataset"]:
    """A course's photos and their maps, one in memory at a time, in the order they were taken.

    Photos that cannot be read are left out and added to `unreadable`. Needs the extra dicom.
    """
    from tracker.wires import dicom  # noqa: PLC0415  (an extra)

    methods = {each.photo_id: each.method for each in course.readings}
    for number, photo in enumerate(course.photos, 1):
        try:
            jpeg = files.load(photo.id, Picture.PHOTO)
            yield dicom.photo_instance(study, photo, jpeg, number)
        except PhotoUnreadable:
            unreadable.append(photo.id)
            continue
        if photo.id not in methods:
            continue
        for kind in sorted({Picture.REDNESS, Picture.PIGMENT} & set(files.pictures(photo.id))):
            with suppress(PhotoUnreadable):  # a map can be made again from the photo
                jpeg = files.load(photo.id, kind)
                yield dicom.map_instance(study, photo, kind, jpeg, number, methods[photo.id])
