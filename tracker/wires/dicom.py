"""Photos and maps as DICOM: instances that other systems read, written to files or sent.

A study is a course, a series a view of the face or a kind of map. UIDs come from our ids, so that a
second export has the same ones. Needs the extra dicom.
"""

import socket
import ssl
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from io import BytesIO
from pathlib import Path
from typing import Final

from PIL import Image, ImageOps
from pydicom import FileDataset, dcmwrite
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    UID,
    ExplicitVRLittleEndian,
    JPEGBaseline8Bit,
    SecondaryCaptureImageStorage,
    VLPhotographicImageStorage,
)
from pynetdicom import AE

from tracker.domain.course.photos import Photo
from tracker.domain.course.treatments import Treatment
from tracker.domain.people.people import Person
from tracker.wires.photo_files import PhotoDamaged, Picture

OWN_CODES: Final = "99AFTERGLOW"  # DICOM asks that a private scheme begins with 99
FACE: Final = ("73897004", "SCT", "Face")
VIEW_NUMBERS: Final = {"front": 1, "left": 2, "right": 3}
MAPS: Final = {Picture.REDNESS: 11, Picture.PIGMENT: 12}
IMPLEMENTATION: Final = UID("2.25.166389208571932402716213364411960322151")
SYNTAXES: Final = [ExplicitVRLittleEndian, JPEGBaseline8Bit]
WAIT_SECONDS: Final = 30
_BASELINE_JPEG: Final = b"\xff\xc0"


@dataclass(frozen=True, slots=True)
class Study:
    """A course of a patient, at a clinic; `title` names the treatment."""

    patient: Person
    treatment: Treatment
    clinic: str
    title: str


@dataclass(frozen=True, slots=True)
class Receiver:
    """A DICOM node: its host, port and title, and ours; with `ca` the line is encrypted by TLS."""

    host: str
    port: int
    title: str = "ANY-SCP"
    own_title: str = "AFTERGLOW"
    ca: Path | None = None


class NotReached(Exception):  # noqa: N818  (a state of the network; the message names the remedy)
    """The node does not answer, or not as DICOM."""


def photo_instance(study: Study, photo: Photo, jpeg: bytes, number: int) -> FileDataset:
    """A photo as VL Photographic Image, upright; a baseline JPEG stays as it is, byte by byte."""
    made = _instance(VLPhotographicImageStorage, uid_of(photo.id), study, photo, number)
    made.Modality, made.SeriesNumber = "XC", VIEW_NUMBERS[photo.view]
    made.SeriesInstanceUID = _derived_uid(study.treatment.id, photo.view)
    made.SeriesDescription = f"Photos: {photo.view}"
    made.Manufacturer = ""  # of the phone; it is not kept
    made.ImageType = ["ORIGINAL", "PRIMARY"]
    made.RecognizableVisualFeatures = "YES"
    context = (("role", photo.role), ("skin-state", photo.skin_state))
    made.AcquisitionContextSequence = [_told(name, value) for name, value in context]
    _set_pixels(made, jpeg)
    return made


def map_instance(
    study: Study, photo: Photo, kind: Picture, jpeg: bytes, number: int, method: str
) -> FileDataset:
    """A heat map of a photo as Secondary Capture, with the photo as its source."""
    own = _derived_uid(photo.id, kind)
    made = _instance(SecondaryCaptureImageStorage, own, study, photo, number)
    made.Modality, made.SeriesNumber = "OT", MAPS[kind]
    made.SeriesInstanceUID = _derived_uid(study.treatment.id, kind)
    made.SeriesDescription = f"Maps: {kind}"
    made.ConversionType = "WSD"
    made.Manufacturer, made.SoftwareVersions = "Afterglow", version("afterglow")
    made.ImageType = ["DERIVED", "SECONDARY"]
    made.DerivationDescription = (
        f"{kind} against the photo from before treatment, times before; method {method}"
    )
    source = Dataset()
    source.ReferencedSOPClassUID = VLPhotographicImageStorage
    source.ReferencedSOPInstanceUID = uid_of(photo.id)
    made.SourceImageSequence = [source]
    _set_pixels(made, jpeg)
    return made


def uid_of(id_: str) -> UID:
    """A UID made of one of our ids, which are UUIDs (DICOM PS3.5, B.2)."""
    return UID(f"2.25.{uuid.UUID(id_).int}")


def _derived_uid(id_: str, name: str) -> UID:
    return uid_of(uuid.uuid5(uuid.UUID(id_), name).hex)


def write(instances: Iterable[FileDataset], folder: Path) -> int:
    """Each instance as a file in a folder of its series; returns how many."""
    count = 0
    for each in instances:
        path = folder / f"{each.SeriesNumber:02}" / f"{each.InstanceNumber:04}.dcm"
        path.parent.mkdir(parents=True, exist_ok=True)
        dcmwrite(path, each, enforce_file_format=True)
        count += 1
    return count


def send(instances: Iterable[FileDataset], to: Receiver) -> Iterator[tuple[UID, int]]:
    """Send each by C-STORE; yields its UID and the status of the answer, 0 for success.

    A status of −1 means that the line broke. Raises NotReached before anything is sent.
    """
    try:  # the library says only that it failed
        socket.create_connection((to.host, to.port), WAIT_SECONDS).close()
    except OSError as error:
        why = f"{to.host}:{to.port}: {error.strerror or error}; check the address, then try again"
        raise NotReached(why) from error
    ours = AE(ae_title=to.own_title)
    ours.acse_timeout = ours.dimse_timeout = ours.network_timeout = WAIT_SECONDS
    ours.connection_timeout = WAIT_SECONDS
    for kind in (VLPhotographicImageStorage, SecondaryCaptureImageStorage):
        for syntax in SYNTAXES:
            ours.add_requested_context(kind, syntax)
    tls = (ssl.create_default_context(cafile=to.ca), to.host) if to.ca else None
    line = ours.associate(to.host, to.port, ae_title=to.title, tls_args=tls)
    if not line.is_established:
        why = "it refused us" if line.is_rejected else "what answers is no DICOM node, or wants TLS"
        raise NotReached(f"{to.host}:{to.port}: {why}; check --title, --own-title and --ca")
    try:
        for each in instances:
            yield each.SOPInstanceUID, _stored(line, each)
    finally:
        line.release()


def _stored(line: object, instance: FileDataset) -> int:
    """The status; 0x0122 where the node takes no such instance at all."""
    try:
        answer = line.send_c_store(instance)  # type: ignore[attr-defined]
    except (RuntimeError, ValueError):
        return -1 if not line.is_established else 0x0122  # type: ignore[attr-defined]
    return int(answer.Status) if answer else -1


def _instance(kind: UID, own: UID, study: Study, photo: Photo, number: int) -> FileDataset:
    """What all instances of a course have."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = kind, own
    meta.ImplementationClassUID = IMPLEMENTATION
    made = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    made.SpecificCharacterSet = "ISO_IR 192"
    made.SOPClassUID, made.SOPInstanceUID = kind, own
    _set_patient(made, study)
    zone, treatment = study.patient.zone, study.treatment
    made.StudyInstanceUID = uid_of(treatment.id)
    made.StudyDate, made.StudyTime = _date_and_time(treatment.performed_at.astimezone(zone))
    made.StudyID = treatment.id[:16]
    made.AccessionNumber = made.ReferringPhysicianName = ""
    made.StudyDescription = study.title[:64]
    taken = photo.taken_at.astimezone(zone)
    made.TimezoneOffsetFromUTC = f"{taken:%z}"
    made.ContentDate, made.ContentTime = _date_and_time(taken)
    made.AcquisitionDateTime = f"{taken:%Y%m%d%H%M%S.%f%z}"
    made.InstanceNumber = number
    made.Laterality = ""  # the face is no paired part of the body
    made.PatientOrientation = ""  # whether a selfie is a mirror image is not always known
    made.BurnedInAnnotation = "NO"
    made.AnatomicRegionSequence = [_code(*FACE)]
    return made


def _set_patient(made: Dataset, study: Study) -> None:
    person = study.patient
    made.PatientName = _plain(person.name)[:64]
    made.PatientID = _plain(person.record_number or person.id)[:64]
    made.IssuerOfPatientID = _plain(study.clinic)[:64] or "Afterglow"
    made.PatientBirthDate = f"{person.birth_date:%Y%m%d}" if person.birth_date else ""
    made.PatientSex = ""  # not asked


def _plain(text: str) -> str:
    """The text without the signs that divide the parts of a DICOM value."""
    return " ".join(text.translate({ord(sign): " " for sign in "^=\\"}).split())


def _date_and_time(at: datetime) -> tuple[str, str]:
    return f"{at:%Y%m%d}", f"{at:%H%M%S.%f}"


def _code(value: str, scheme: str, meaning: str) -> Dataset:
    made = Dataset()
    made.CodeValue, made.CodingSchemeDesignator, made.CodeMeaning = value, scheme, meaning
    return made


def _told(name: str, value: str) -> Dataset:
    made = Dataset()
    made.ValueType = "TEXT"
    made.ConceptNameCodeSequence = [_code(name, OWN_CODES, name.replace("-", " "))]
    made.TextValue = value
    return made


def _set_pixels(made: FileDataset, jpeg: bytes) -> None:
    """The JPEG as it is if any viewer shows it right; else its pixels, upright and in full.

    Raises PhotoDamaged when it is no image.
    """
    try:
        image = Image.open(BytesIO(jpeg))
        turned = ImageOps.exif_transpose(image)
    except (OSError, SyntaxError) as error:  # as Pillow says that it is none
        raise PhotoDamaged(f"the file behind {made.SOPInstanceUID} is no image") from error
    is_plain = turned.size == image.size and image.getexif().get(0x0112, 1) == 1
    if is_plain and image.mode == "RGB" and _BASELINE_JPEG in jpeg and b"\xff\xc2" not in jpeg:
        made.file_meta.TransferSyntaxUID = JPEGBaseline8Bit
        made.PhotometricInterpretation = "YBR_FULL_422"
        made.PixelData = encapsulate([jpeg])
        made["PixelData"].is_undefined_length = True
    else:
        turned = turned.convert("RGB")
        made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        made.PhotometricInterpretation = "RGB"
        data = turned.tobytes()
        made.PixelData = data + b"\0" * (len(data) % 2)
    made.Columns, made.Rows = turned.size
    made.SamplesPerPixel, made.PlanarConfiguration, made.PixelRepresentation = 3, 0, 0
    made.BitsAllocated, made.BitsStored, made.HighBit = 8, 8, 7
    made.LossyImageCompression = "01"  # a phone's photo was a JPEG, or becomes one here
    made.LossyImageCompressionMethod = "ISO_10918_1"
    ratio = 3 * image.width * image.height / len(jpeg)
    made.LossyImageCompressionRatio = f"{ratio:.2f}"
