"""Nobody gains reach over a patient alone, whatever they do, also with a second account."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import pytest
from flask import Flask
from sqlite_utils import Database

from tests.conftest import PASSPHRASE, Cast
from tests.web.browser import Browser
from tracker.domain.mail.mails import compose
from tracker.domain.people.people import Person, Role
from tracker.domain.people.staff import position_of
from tracker.storage.mail import mails
from tracker.storage.people import people
from tracker.world import World

LINK = re.compile(r"/(?:welcome|renew)/[\w.-]+")
CHOSEN = "violet tram under seven"
AWAY = {"first_day": "2026-03-05", "last_day": "2026-03-20"}
PUPPET = "puppet@home.example"


@dataclass
class Schemer:
    """A person with a second account, whose mailbox is theirs, too."""

    app: Flask
    db: Database
    world: World
    person: Person
    browsers: dict[str, Browser]
    pages: list[str] = field(default_factory=list)

    def sends(self, path: str, values: Mapping[str, str]) -> None:
        """Post a form from every account of theirs, and keep what the pages show."""
        for browser in list(self.browsers.values()):
            self.pages.append(browser.send(path, values).text)
        self.follows_links()

    def follows_links(self) -> None:
        """Choose a passphrase by every link that a page or an own mailbox shows."""
        read = list(self.pages)
        puppet = people.by_email(self.db, PUPPET)
        accounts = [self.person, *([puppet] if puppet else [])]
        for own in accounts:
            for mail in mails.of_recipient(self.db, own.id):
                read.append(compose(mail, self.world.envelope).get_content())
        for link in {link for text in read for link in LINK.findall(text)}:
            if Browser(self.app).send(link, {"passphrase": CHOSEN}).status_code == 303:
                self.signs_in_again(accounts)
        self.pages.clear()

    def signs_in_again(self, accounts: Sequence[Person]) -> None:
        """One browser for each account; a new passphrase has ended the sessions before it."""
        for own in accounts:
            browser = Browser(self.app)
            if browser.sign_in(own, CHOSEN).status_code == 303:
                self.browsers[own.email] = browser

    def reaches(self, patient: Person) -> bool:
        """Whether any account of theirs opens the patient's conversation."""
        path = f"/patients/{patient.id}/conversation"
        return any(browser.get(path).status_code == 200 for browser in self.browsers.values())


def tries(schemer: Schemer, cast: Cast, patient: Person) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Every form of the pages that could let somebody in, with the values that would."""
    dana, eli, own = cast.dana, cast.eli, schemer.person
    puppet = people.by_email(schemer.db, PUPPET)
    for email in (PUPPET, dana.email, patient.email):
        new = {"name": "New", "email": email}
        yield "/clinic/people/invite", new | {"role": "practitioner", "administration": "yes"}
        yield "/invite", new | {"practitioner": own.id}
    for other in (dana, eli, own, *([puppet] if puppet else [])):
        was = {"was": str(position_of(other))} if other.role is not Role.PATIENT else {}
        yield f"/clinic/people/{other.id}", {"role": "practitioner", "status": "active"} | was
        yield f"/clinic/people/{other.id}/renewal", {}
        yield f"/clinic/people/{other.id}/second-step", {}
    for taker in (own, *([puppet] if puppet else [])):
        for role, status in (("practitioner", "suspended"), ("assistant", "active")):
            wanted = {"role": role, "status": status, "was": str(position_of(dana))}
            yield f"/clinic/people/{dana.id}", wanted | {"hand_over_to": taker.id}
        yield f"/patients/{patient.id}/care-team", {"person": taker.id, "turn": "1"}
        yield "/settings/absences", AWAY | {"deputy": taker.id, "person": dana.id}
    yield f"/patients/{patient.id}/renewal", {}
    yield "/accept", {"code": "AAAA-AAAA-AAAA"}
    yield "/my-data/share", {}


@pytest.mark.parametrize(
    ("who", "whose"),
    [
        ("olga", "alice"),
        ("ada", "alice"),
        ("eli", "alice"),
        ("bob", "alice"),
        ("fay", "bob"),
        ("dana", "bob"),
    ],
)
def test_nobody_gains_reach_by_any_two_actions(
    who: str,
    whose: str,
    app: Flask,
    db: Database,
    world: World,
    cast: Cast,
    olga: Person,
    ada: Person,
    fay: Person,
    browser_of: Callable[[Person], Browser],
) -> None:
    patient = {"alice": cast.alice, "bob": cast.bob}[whose]
    known = {"olga": olga, "ada": ada, "fay": fay, "dana": cast.dana, "eli": cast.eli}
    person = (known | {"bob": cast.bob})[who]
    schemer = Schemer(app, db, world, person, {person.email: browser_of(person)})
    assert not schemer.reaches(patient)
    for order in (1, -1):  # so that each of two comes before the other
        for path, values in list(tries(schemer, cast, patient))[::order]:
            schemer.sends(path, values)
            assert not schemer.reaches(patient), (path, values)
    administers = who in {"olga", "ada"}
    assert (len(schemer.browsers) > 1) is (administers or who in {"eli", "dana"})
    assert people.get(db, cast.dana.id) == cast.dana
    assert Browser(app).sign_in(cast.alice, PASSPHRASE).status_code == 303
    assert Browser(app).sign_in(cast.dana, PASSPHRASE).status_code == 303
