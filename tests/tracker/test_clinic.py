"""The clinic's numbers."""

import pytest

from tracker.domain.clinic.clinic import check_emergency_number, check_phone, dialled


@pytest.mark.parametrize(
    ("written", "called"),
    [
        ("+49 (0)30 123-4567", "+49301234567"),
        ("030 / 123 45 67", "0301234567"),
        ("112", "112"),
    ],
)
def test_a_number_is_dialled_without_what_people_write_into_it(written: str, called: str) -> None:
    assert dialled(written) == called


@pytest.mark.parametrize("written", ["call us", "12", "+49 30 1234 5678 9012 3456", "tel:112"])
def test_what_is_no_telephone_number_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="is no telephone number; write it as"):
        check_phone(written)


def test_short_numbers_are_for_emergencies_and_nothing_is_nothing() -> None:
    assert check_emergency_number(" 112 ") == "112"
    assert check_phone("  ") == check_emergency_number("") == ""
