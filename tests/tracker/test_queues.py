"""The simulation of queues, in small: it reads the tables that are there, and loses no photo."""

from tests.benchmarks.queues import PERFORMANCE, Day, Size, kinds_of, least, percentiles

KINDS = kinds_of(PERFORMANCE.read_text(encoding="utf-8"))


def test_every_photo_of_the_day_is_answered_and_more_cores_answer_sooner() -> None:
    few, many = (Day(Size(1, 2000, cores), KINDS, 0.5, seed=1).run() for cores in (1, 8))
    assert len(few.answer) == len(many.answer) == 2000
    assert 0 < len(few.mail) < len(few.reading) < 2000
    assert percentiles(few.answer)[2] > 10 * percentiles(many.answer)[2]


def test_a_cluster_takes_the_measuring_off_the_clinics_machine() -> None:
    alone, helped = (Day(Size(1, 2000, 1, n), KINDS, 0.5, seed=1).run() for n in (0, 8))
    assert percentiles(helped.reading)[2] < percentiles(alone.reading)[2]


def test_the_least_number_that_fits_is_found() -> None:
    assert [least(lambda n, bar=bar: n >= bar) for bar in (1, 2, 7, 8)] == [1, 2, 7, 8]  # type: ignore[misc]
