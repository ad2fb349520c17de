import pytest
from werkzeug.datastructures import LanguageAccept

from tests.web.browser import Browser
from web import languages
from web.languages import choose_language


def test_pages_say_which_language_they_speak(stranger: Browser) -> None:
    answer = stranger.get("/sign-in")
    assert '<html lang="en-GB">' in answer.text
    assert answer.headers["Content-Language"] == "en-GB"
    assert "Accept-Language" in answer.headers["Vary"]


@pytest.mark.parametrize(
    ("wanted", "spoken"),
    [
        ([("de", 1.0), ("en", 0.5)], "de"),
        ([("fr", 1.0), ("de-CH", 0.7)], "de"),
        ([("fr", 1.0)], "en-GB"),
        ([], "en-GB"),
    ],
)
def test_the_best_of_what_is_wanted_and_had_is_spoken(
    monkeypatch: pytest.MonkeyPatch, wanted: list[tuple[str, float]], spoken: str
) -> None:
    monkeypatch.setattr(languages, "LANGUAGES", ("en-GB", "de"))
    assert choose_language(LanguageAccept(wanted)) == spoken
