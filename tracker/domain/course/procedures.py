"""How a treatment was done: device, passes, products and who did it; and that it was ended."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

MAX_NAME_LENGTH = 200
MAX_REASON_LENGTH = 1000
MOST_PASSES = 50
MOST_PRODUCTS = 20


class ProductUse(StrEnum):
    """When a product was put on the skin."""

    NUMBING = "numbing"
    DURING = "during"
    AFTER = "after"


@dataclass(frozen=True, slots=True)
class Product:
    """A product as its label names it; `batch` is its batch number, empty when not recorded."""

    name: str
    use: ProductUse
    batch: str = ""

    def __post_init__(self) -> None:
        if not self.name.strip():
            raise ValueError("a product needs a name, or leave its row empty")
        if max(len(self.name), len(self.batch)) > MAX_NAME_LENGTH:
            raise ValueError(
                f"a product's name and batch have {MAX_NAME_LENGTH} characters at most"
            )


@dataclass(frozen=True, slots=True)
class Procedure:
    """What was used and by whom. Empty texts and None: not recorded."""

    device: str = ""
    maker: str = ""
    passes: int | None = None
    products: tuple[Product, ...] = ()
    performed_by: str = ""

    def __post_init__(self) -> None:
        if self.passes is not None and not 1 <= self.passes <= MOST_PASSES:
            raise ValueError(f"passes must be a whole number from 1 to {MOST_PASSES}")
        if len(self.products) > MOST_PRODUCTS:
            raise ValueError(f"note {MOST_PRODUCTS} products at most")
        if max(map(len, (self.device, self.maker, self.performed_by))) > MAX_NAME_LENGTH:
            raise ValueError(f"names have {MAX_NAME_LENGTH} characters at most")


@dataclass(frozen=True, slots=True)
class Ending:
    """A course that was ended early: from then on no reminders, and silence raises no alert.

    `is_mistake` withdraws it: the treatment was never given to this patient.
    """

    at: datetime
    by: str
    why: str
    is_mistake: bool = False

    def __post_init__(self) -> None:
        if not self.why.strip():
            raise ValueError("say why the course ends")
        if len(self.why) > MAX_REASON_LENGTH:
            raise ValueError(f"keep the reason under {MAX_REASON_LENGTH} characters")


def answers_told(procedure: Procedure) -> Mapping[str, str]:
    """Which screening questions of a protocol the procedure answers, by their ids."""

    def used(*uses: ProductUse) -> str:
        return ", ".join(each.name for each in procedure.products if each.use in uses)

    told = {
        "device": ", ".join(part for part in (procedure.device, procedure.maker) if part),
        "passes": "" if procedure.passes is None else str(procedure.passes),
        "numbing": used(ProductUse.NUMBING),
        "products": used(ProductUse.DURING, ProductUse.AFTER),
    }
    return {question: answer[:MAX_NAME_LENGTH] for question, answer in told.items()}
