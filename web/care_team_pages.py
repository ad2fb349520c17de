"""The page about who cares for a patient."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from tracker.actions.arrange_care import TURNS
from tracker.actions.show_care_team import CareTeam
from tracker.people import Person
from web.staff_pages import ROLE_WORDS

SHOWN_TURNS = 4  # more rounds than an urgent alert is passed on


@dataclass(frozen=True, slots=True)
class MemberRow:
    """Somebody in the care team."""

    id: str
    name: str
    role: str
    turn: int
    is_self: bool


@dataclass(frozen=True, slots=True)
class CareTeamPage:
    """The members in turn, who could join, and what went wrong if anything did."""

    template: ClassVar[str] = "care_team.html"
    place: ClassVar[str] = "patients"

    patient_id: str
    patient: str
    members: tuple[MemberRow, ...]
    others: tuple[tuple[str, str], ...]
    turns: Sequence[int]
    trouble: str

    @property
    def title(self) -> str:
        """The page's name."""
        return f"Who cares for {self.patient}"


def care_team_page(team: CareTeam, reader: Person, trouble: str = "") -> CareTeamPage:
    """As it stands."""
    latest = max((turn for _, turn in team.members), default=1)
    return CareTeamPage(
        patient_id=team.patient.id,
        patient=team.patient.name,
        members=tuple(
            MemberRow(person.id, person.name, ROLE_WORDS[person.role], turn, person.id == reader.id)
            for person, turn in team.members
        ),
        others=tuple((each.id, f"{each.name} ({ROLE_WORDS[each.role]})") for each in team.others),
        turns=TURNS[: max(SHOWN_TURNS, latest)],
        trouble=trouble,
    )
