"""A person without a pointer: the Tab key reaches everything."""

from playwright.sync_api import Page

MANY = 90  # stops of the Tab key on one page


def type_into(page: Page, field: str, text: str) -> None:
    """Go to the field with this id and write."""
    tab_to(page, f"document.activeElement.id === '{field}'")
    page.keyboard.type(text)


def press(page: Page, words: str) -> None:
    """Go to the button or link with these words and press it."""
    tab_to(page, f"document.activeElement.textContent.trim() === {words!r}")
    page.keyboard.press("Enter")


def choose(page: Page, name: str, arrows: int) -> None:
    """Go to a group of choices and take the one this many arrows after the first."""
    tab_to(page, f"document.activeElement.name === '{name}'")
    page.keyboard.press("Space")
    for _ in range(arrows):
        page.keyboard.press("ArrowRight")


def tab_to(page: Page, condition: str) -> None:
    """Press Tab until the condition is true for the focused element."""
    for _ in range(MANY):
        if page.evaluate(condition):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"the Tab key does not lead to where {condition}")
