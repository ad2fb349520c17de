"""A patient's own data for the download, row by row. Times are in the patient's zone."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from tracker.domain.alerts.alert_life import Transition
from tracker.domain.alerts.alerts import Alert
from tracker.domain.clinic.audit import Act, Entry
from tracker.domain.course.annotations import Annotation, Place
from tracker.domain.course.readings import Reading
from tracker.domain.people.people import Person
from tracker.domain.protocols.aftercare import OwnLine
from tracker.domain.protocols.ahead import AheadAnswer
from tracker.domain.protocols.screening import Edition, answer_words
from tracker.domain.talk.notes import Note

Row = Mapping[str, object]
Named = Mapping[str, Person]

READ_ME = """\
This is everything that Afterglow keeps about you.

about-me.json      your account, who cares for you, who opened your photos, what you allowed,
                   mails to you
notes.json         what your clinic wrote about you, with every version
care-lines.json    lines of aftercare that your clinic gave to you only
answers-ahead.json what you answered on the phone before a treatment, each answer with its time, and
                   who went through it with you
log.json           who signed in as you, opened pages about you, or changed who cares for you
conversation.json  what you and your clinic wrote to each other; its photos are in conversation/
course-*/          one folder for each treatment:
  course.toml      the treatment, your photos and your answers
  *.jpg            your photos as they were kept: without place and camera data
  sides/           photos from the side, which are looked at but not measured
  readings.csv     what was measured, by photo and region. Redness and pigment are doublings
                   against your photo from before: 0 is as before, 1 is twice as much; sd is the
                   error (one standard deviation). Affected is the share of the skin that is
                   clearly redder than before; redder and darker spots stand out of the skin around
                   them, by number and share; left_minus_right is the redness of your left cheek
                   minus that of your right. They are empty where they were not kept
  alerts.csv       which alerts the clinic got, and why
  alert-steps.json what became of it: who looked, answered or passed it on, and what they said
  earlier-readings.csv
                   what was measured before the method or the areas changed; it no longer counts
  screening.json   what was asked before the treatment
  treatment.json   who entered your answers before it, and which of them you had given on the phone;
                   what was corrected about the treatment, why it ended early if it did, why it was
                   done though something spoke against it, what was shown before, earlier answers to
                   the questions before the treatment, and the areas drawn on your photo from before
                   (corners as shares of its width and height), with every version; and what was
                   said about left and right in that photo. Where it is a mirror image, course.toml
                   says so, and it was turned before anything was measured
  annotations.json what the clinic drew on your photos, with every version. Places are shares of the
                   picture from its left and top: of a photo from the side the photo itself, else
                   the crop of the face in which all days lie alike

Heat maps are drawn from the photos and not included.
Anyone with Afterglow can measure a course again: afterglow replay course-...
"""


def reading_rows(
    read: Sequence[Reading], named: Mapping[str, str], zone: ZoneInfo
) -> Iterator[Row]:
    """One row a region of every reading; `named` are the photos' files by id.

    Readings that were stored before spots and asymmetry were kept leave their columns empty.
    """
    for reading in read:
        cheeks = reading.asymmetry
        for region, seen in reading.regions.items():
            focal = seen.focal
            yield {
                "file": named.get(reading.photo_id, ""),
                "taken_at": local_time(reading.taken_at, zone),
                "region": region,
                "redness": seen.redness.value,
                "redness_sd": seen.redness.sd,
                "pigment": seen.pigment.value,
                "pigment_sd": seen.pigment.sd,
                "lab_l": seen.lab[0],
                "lab_a": seen.lab[1],
                "lab_b": seen.lab[2],
                "ita": seen.ita,
                "erythema_index": seen.erythema_index,
                "melanin_index": seen.melanin_index,
                "share": seen.share,
                "affected": focal.affected if focal else None,
                "redder_spots": focal.redder.count if focal else None,
                "redder_spots_share": focal.redder.share if focal else None,
                "darker_spots": focal.darker.count if focal else None,
                "darker_spots_share": focal.darker.share if focal else None,
                "left_minus_right": cheeks.value if cheeks else None,
                "left_minus_right_sd": cheeks.sd if cheeks else None,
                "reference": reading.reference,
                "before_was_turned": reading.is_turned,
                "method": reading.method,
            }


def alert_row(alert: Alert, zone: ZoneInfo) -> Row:
    """One alert in its current state."""
    return {
        "raised_at": local_time(alert.raised_at, zone),
        "concern": alert.concern.words,
        "level": alert.level,
        "probability": alert.probability,
        "why": "; ".join(factor.what for factor in alert.evidence),
        "opened_at": local_time(alert.read_at, zone),
        "seen_at": local_time(alert.seen_at, zone),
        "resolved_at": local_time(alert.resolved_at, zone),
        "outcome": alert.outcome,
    }


def annotation_row(drawn: Annotation, named: Mapping[str, str], zone: ZoneInfo) -> Row:
    """What was drawn on one photo, with every version; `named` as for readings."""
    return {
        "file": named.get(drawn.photo_id, ""),
        "versions": [
            {
                "shape": version.drawing.shape,
                "places": [_shares(place) for place in version.drawing.places],
                "note": version.drawing.note,
                "who": version.author,
                "at": local_time(version.at, zone),
                "withdrawn": version.is_withdrawn,
            }
            for version in drawn.versions
        ],
    }


def note_row(note: Note, zone: ZoneInfo) -> Row:
    """One note with every version."""
    return {
        "versions": [
            {
                "text": version.says.text,
                "pinned": version.says.is_pinned,
                "who": version.author,
                "at": local_time(version.at, zone),
                "withdrawn": version.is_withdrawn,
            }
            for version in note.versions
        ]
    }


def _shares(place: Place) -> dict[str, float]:
    return {"from_left": place[0], "from_top": place[1]}


def step_row(alert: Alert, step: Transition, who: Named, zone: ZoneInfo) -> Row:
    """One step in the life of an alert; `who` are people by id. Engine and clock have no name."""
    by = who.get(step.by or "")
    return {
        "raised_at": local_time(alert.raised_at, zone),
        "concern": alert.concern.words,
        "at": local_time(step.at, zone),
        "step": step.step,
        "level": step.level,
        "who": by.name if by else "",
        "why": step.why,
    }


def care_line_row(line: OwnLine, ended_at: datetime | None, who: Named, zone: ZoneInfo) -> Row:
    """One line of aftercare, including one that was withdrawn."""
    by = who.get(line.added_by)
    return {
        "heading": line.heading,
        "line": line.line,
        "first_day": line.first_date.isoformat(),
        "last_day": line.last_date.isoformat(),
        "who": by.name if by else "",
        "at": local_time(line.added_at, zone),
        "taken_back_at": local_time(ended_at, zone),
    }


def ahead_row(given: AheadAnswer, editions: Sequence[Edition], zone: ZoneInfo) -> Row:
    """One answer that the patient gave before a treatment; `editions` are of its screening.

    The words of a screening are empty while no practitioner has confirmed or corrected it.
    """
    edition = editions[given.edition - 1] if given.edition else None
    recorded = edition.screening.answers.get(given.question) if edition else None
    return {
        "treatment": given.kind,
        "asked": given.asked,
        "answer": "I don’t know" if given.answer is None else answer_words(given.answer),
        "at": local_time(given.at, zone),
        "confirmed_by": edition.by if edition else "",
        "confirmed_at": local_time(edition.screening.at, zone) if edition else None,
        "recorded_as": "" if recorded is None else answer_words(recorded),
    }


def log_row(entry: Entry, who: Named, zone: ZoneInfo) -> Row:
    """One entry of the audit log by or about the patient."""
    by = who.get(entry.by or "")
    return {
        "at": local_time(entry.at, zone),
        "who": by.name if by else "",
        "did": entry.act.replace("_", " "),
        "details": entry.details,
    }


def is_told_elsewhere(entry: Entry) -> bool:
    """Whether another file holds it in full: looks at photos, and steps of alerts."""
    return entry.act in {Act.PHOTO_OPENED, Act.ALERT_ANSWERED}


def local_time(at: datetime | None, zone: ZoneInfo) -> str | None:
    """A time with its offset from UTC, None for None."""
    return None if at is None else at.astimezone(zone).isoformat()
