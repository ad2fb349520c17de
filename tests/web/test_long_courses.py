"""Pages of a course of hundreds of photos: light, complete in parts, and nothing open is lost."""

import re
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import timedelta
from html import unescape
from pathlib import Path

import pytest
from sqlite_utils import Database

from tests.benchmarks.big_clinic import LATE, NOW, PASSPHRASE, found_course
from tests.benchmarks.pages import BAR_KB, statements
from tests.conftest import PROTOCOLS, settings_for
from tests.tracker.courses_of_readings import CALM, check_in, reading
from tests.web.browser import Browser
from tests.web.conftest import Clock, Records
from tests.web.course_so_far import so_far
from tracker.actions.course.treatments import begin_treatment
from tracker.domain.alerts.alerts import Outcome
from tracker.domain.course.check_ins import Answers
from tracker.domain.course.photos import FAILED, PhotoStatus
from tracker.domain.course.readings import Quantity, Reference
from tracker.storage.alerts import alerts
from tracker.storage.connection import writing
from tracker.world import World, open_world
from web import create_app
from web.charts.charts import frame_of, region_charts
from web.charts.leaves import leaf
from web.charts.timeline import timeline
from web.desk.alert_pages import CLOSED_SHOWN
from web.desk.patients import PHOTOS_AT_ONCE

PHOTOS, FEW = 400, 40
OLDER = re.compile(r'href="([^"]+)">Older<span class="sr"> photos')
SHOWN = re.compile(r'<li id="photo-([0-9a-f]{32})"')
MOST_STATEMENTS = 126  # three a query; it does not grow with the course


@dataclass(frozen=True)
class LongCourse:
    """A course, those who look at it, and its photos in time order."""

    world: World
    dana: Browser
    alice: Browser
    page: str
    photo_ids: tuple[str, ...]


def course_of(folder: Path, photos: int) -> LongCourse:
    world = open_world(settings_for(folder / "data"))
    clinic = found_course(world, photos)
    dana, alice = (Browser(create_app(world, lambda: NOW)) for _ in range(2))
    dana.sign_in(clinic.practitioner, PASSPHRASE)
    alice.sign_in(clinic.patient, PASSPHRASE)
    with closing(world.connect()) as db:
        ids = tuple(row["id"] for row in db.query("SELECT id FROM photos ORDER BY taken_at"))
    return LongCourse(world, dana, alice, f"/patients/{clinic.patient.id}", ids)


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> LongCourse:
    return course_of(tmp_path_factory.mktemp("long"), PHOTOS)


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> LongCourse:
    return course_of(tmp_path_factory.mktemp("short"), FEW)


@pytest.mark.parametrize("view", ["", "?photos=20", "?photos=34&values=14&spots=14&answers=14"])
def test_a_page_of_400_photos_is_light(long: LongCourse, view: str) -> None:
    assert len(long.dana.get(long.page + view).data) < BAR_KB * 1000


def test_progress_of_400_photos_is_light(long: LongCourse) -> None:
    assert len(long.alice.get("/progress").data) < BAR_KB * 1000


def test_a_longer_course_asks_the_database_no_more_often(
    long: LongCourse, short: LongCourse
) -> None:
    asked = []
    for course in (short, long):
        course.dana.read(course.page)
        with statements() as said:
            course.dana.read(course.page)
        asked.append(len(said))
    assert asked[0] == asked[1] < MOST_STATEMENTS


@pytest.mark.parametrize("view", ["", "?photos=20", "?photos=34", "?values=9", "?answers=2"])
def test_an_open_alert_of_the_oldest_photo_leads_every_leaf(long: LongCourse, view: str) -> None:
    page = long.dana.read(long.page + view)
    lead = page[page.index('class="lead-alert review"') : page.index('<h2 id="recovery">')]
    assert "raised Thu 16 Oct 2025" in lead
    assert f"/photos/{long.photo_ids[1]}/aligned" in lead
    assert "17 more closed alerts of this treatment" in page


def test_closed_alerts_are_counted_in_words(
    dana: Browser, records: Records, db: Database, clock: Clock
) -> None:
    told = []
    for _ in range(CLOSED_SHOWN + 2):
        closed = replace(records.alert(), resolved_at=clock.now, outcome=Outcome.FALSE)
        with writing(db):
            alerts.save(db, closed)
        page = dana.read(f"/patients/{closed.patient_id}")
        told += re.findall(r"<summary>(\d more [^<]+)</summary>", page)
    assert told == [
        "1 more closed alert of this treatment",
        "2 more closed alerts of this treatment",
    ]


def test_photos_that_came_late_are_on_the_first_page_however_old(long: LongCourse) -> None:
    page = long.dana.read(long.page)
    late = long.photo_ids[2 : LATE + 1]
    assert f"{len(late)} new photos are from earlier days" in page
    assert SHOWN.findall(page)[: len(late)] == list(reversed(late))
    assert page.count('<span class="new">New</span>') == len(late)


def load_pictures(dana: Browser, page: str) -> None:
    """Ask for the pictures of a page as a browser does."""
    sources = set(re.findall(r'<img[^>]* src="([^"]+)"', page))
    assert sources
    for source in sources:
        assert dana.get(unescape(source)).status_code == 200


def test_a_late_photo_is_new_until_it_was_opened_itself(dana: Browser, records: Records) -> None:
    late = [records.measured(day) for day in (0.5, 0.6)]
    latest = [records.measured(1 + day / 10) for day in range(PHOTOS_AT_ONCE)][-1]
    records.alert(latest)
    address = f"/patients/{latest.patient_id}"
    for _ in range(2):
        page = dana.read(address)
        assert "2 new photos are from earlier days" in page
        load_pictures(dana, page)
    dana.get(f"{address}/photos/{latest.id}/photo")
    assert "2 new photos are from earlier days" in dana.read(address)
    dana.get(f"{address}/photos/{late[0].id}/photo")
    page = dana.read(address)
    assert "A new photo is from earlier days" in page
    assert f'<li id="photo-{late[1].id}"' in page
    load_pictures(dana, dana.read(f"{address}/compare?after={late[1].id}"))
    assert "from earlier days" not in dana.read(address)


def test_lost_and_waiting_photos_of_old_days_are_where_the_note_leads(
    dana: Browser, records: Records
) -> None:
    lost = records.photo(0.5, PhotoStatus.UNMEASURABLE, faults=(FAILED,))
    refused = records.photo(0.55, PhotoStatus.UNMEASURABLE, faults=("blurred",))
    late = (lost, records.photo(0.6), records.measured(0.7))
    for day in range(PHOTOS_AT_ONCE):
        records.measured(1 + day / 10)
    address = f"/patients/{lost.patient_id}"
    page = dana.read(address)
    assert f'raised no alert. <a href="#photo-{lost.id}">Please look at it.</a>' in page
    assert "3 new photos are from earlier days" in page
    for photo in late:
        assert page.count(f'<li id="photo-{photo.id}"') == 1
        dana.get(f"{address}/photos/{photo.id}/photo")
    assert refused.id not in page
    page = dana.read(address)
    assert "from earlier days" not in page
    assert page.count(f'<li id="photo-{lost.id}"') == page.count(f'href="#photo-{lost.id}"') == 1
    assert dana.read(f"{address}?photos=2").count(f'<li id="photo-{lost.id}"') == 1


def test_a_new_photo_of_an_earlier_treatment_is_on_the_page(
    dana: Browser, records: Records, db: Database, clock: Clock
) -> None:
    photo = records.measured(1)
    later = replace(records.cast.treatment, performed_at=clock.now - timedelta(hours=1))
    begin_treatment(db, PROTOCOLS, later)
    page = dana.read(f"/patients/{photo.patient_id}")
    assert f'<li id="photo-{photo.id}"' in page
    assert "<strong>Another treatment</strong>" in page


def test_older_photos_follow_by_links_until_each_was_shown_once(short: LongCourse) -> None:
    address: str | None = f"{short.page}?region=nose&quantity=pigment"
    seen: list[str] = []
    while address is not None:
        page = short.dana.read(address)
        assert 'id="pigment-nose-title"' in page  # the chart stays as it was chosen
        seen += SHOWN.findall(page[page.rindex('<ul class="photos">') :])
        older = OLDER.search(page)
        address = unescape(older[1]) if older else None
    assert seen == list(reversed(short.photo_ids))


def test_a_link_to_an_old_photo_opens_the_leaf_that_holds_it(long: LongCourse) -> None:
    for photo_id in (long.photo_ids[0], long.photo_ids[200], long.photo_ids[-1]):
        page = long.dana.read(f"{long.page}?photo={photo_id}")
        assert photo_id in SHOWN.findall(page[page.rindex('<ul class="photos">') :])
    page = long.dana.read(long.page)
    link = re.search(r'href="([^"#]+)#photo-([0-9a-f]{32})"', page)
    assert link is not None
    assert f'<li id="photo-{link[2]}"' in long.dana.read(unescape(link[1]))


@pytest.mark.parametrize("number", ["0", "-3", "two", "٣", "9" * 40, ""])
def test_an_impossible_leaf_is_the_newest(long: LongCourse, number: str) -> None:
    assert "1–12 of 401" in long.dana.read(f"{long.page}?photos={number}&photo=nobody")


def test_a_leaf_beyond_the_end_is_the_last(long: LongCourse) -> None:
    assert "397–401 of 401" in long.dana.read(f"{long.page}?photos=99999")


def test_paper_says_of_each_printed_list_which_part_it_is(long: LongCourse) -> None:
    part = re.compile(r'<p class="on-paper">([^<]+), newest first\.</p>')
    page = long.dana.read(f"{long.page}?photos=2&values=3")
    tables = re.findall(r"<details.*?</details>", page, re.DOTALL)
    always = re.sub(r"<details.*?</details>", "", page, flags=re.DOTALL)
    assert part.findall(always) == ["Photos 13–24 of 401"]
    opened = [table for table in tables if re.match("<details[^>]* open>", table)]
    assert [part.findall(table) for table in opened] == [
        ["Redness, left cheek: values 61–90 of 400"]
    ]
    folded = " ".join(" ".join(part.findall(table)) for table in tables)
    for words in ("Check-in answers 1–30 of 400", "values 1–10 of 400"):
        assert words in folded
    assert "What is folded is left out. Charts show all days." in always


def test_the_large_chart_shows_every_photo_and_the_table_a_month(long: LongCourse) -> None:
    page = long.dana.read(f"{long.page}?region=nose&quantity=redness&values=2")
    chart = page[page.index('id="redness-nose-title"') :]
    chart = chart[: chart.index("</section>")]
    assert chart.count("<circle") == PHOTOS
    assert '<details class="twin" id="values" open>' in chart
    assert "31–60 of 400" in chart
    values, marks = chart.split("Marks on the curve; newest first")
    assert values.count("<tr>") == 1 + 30
    assert marks.count("<tr>") <= 1 + 30


def test_each_turn_of_values_leads_to_the_table_it_is_in(long: LongCourse) -> None:
    for page in (long.dana.read(long.page), long.alice.read("/progress")):
        turns = re.findall(r'href="[^"#]+#([^"]+)">Older<span class="sr"> ([^<]+: values)', page)
        labels = re.findall(r'<nav class="pages" aria-label="([^"]+: values)"', page)
        assert [label.lower() for label in labels] == [words for _, words in turns]
        ((anchor, _),) = turns
        assert page.count(f'id="{anchor}"') == page.count(f'<details class="twin" id="{anchor}"')


def test_small_charts_of_many_photos_draw_every_photo_as_a_line() -> None:
    days = [0.5 + n for n in range(60)] + [80.0, 100.0]
    course = so_far(
        101,
        [reading(d, reference=Reference.HISTORY if d == 100 else Reference.SKIN) for d in days],
    )
    small = region_charts(course, frame_of(course, Quantity.REDNESS))[0]
    assert [line.count(",") for line in small.lines] == [60]
    assert small.lone.count("h0") == 2
    assert small.hollow.count("h0") == 1
    assert [mark.latest for mark in small.marks] == [True]
    assert (len(small.rows.rows), small.rows.left_out) == (10, 52)


def test_many_answers_keep_every_sign_in_words() -> None:
    bleeding = [check_in(day / 4, Answers(pus=True, itch=0)) for day in range(8)]
    course = so_far(90, check_ins=[*(check_in(10.0 + day, CALM) for day in range(80)), *bleeding])
    strip = timeline(course)
    assert strip is not None
    assert strip.bars == ()
    assert strip.outline.count("M") == 80 * 2 + 8
    left_out = next(sign for sign in strip.signs if sign.kind == "unanswered")
    assert "and 3 more, the last" in left_out.words
    alarms = [sign for sign in strip.signs if sign.kind == "alarm"]
    assert [sign.mark for sign in alarms] == ["!", "!"]
    assert sum(sign.words.count("pus or crust") for sign in alarms) == 8


def test_time_lapse_of_400_photos_has_few_frames_from_the_first_to_the_last(
    long: LongCourse,
) -> None:
    page = long.alice.read("/progress")
    frames = re.findall(r"/photos/([0-9a-f]{32})/aligned", page[page.index("data-lapse") :])
    assert (frames[0], frames[-1]) == (long.photo_ids[1], long.photo_ids[-1])
    assert len(frames) == len(set(frames)) == 60
    assert "60 of your 400 photos" in page


def test_an_empty_list_has_one_empty_leaf() -> None:
    empty = leaf((), 3, 10, str)
    assert (empty.rows, empty.number, empty.first, empty.last, empty.span) == ((), 1, 0, 0, "")
