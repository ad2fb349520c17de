"""International e-mail addresses: what is shown is what is sent to, or it is refused."""

import sys
import unicodedata

import idna
import pytest

from tracker.domain.people.people import BadEmail, check_email, delivery_address

SENT_TO = {
    "dana@straße.example": "dana@xn--strae-oqa.example",
    "dana@faß.example": "dana@xn--fa-hia.example",
    "dana@βόλος.example": "dana@xn--nxasmm1c.example",
    "Dana@BÜCHER.example": "dana@xn--bcher-kva.example",
    "dana@bu\u0308cher.example": "dana@xn--bcher-kva.example",
    "dana@نامه\u200cای.example": "dana@xn--mgba3gch31f060k.example",
    "dana@例え.example": "dana@xn--r8jz45g.example",
    "dana@clinic.münchen.example": "dana@clinic.xn--mnchen-3ya.example",
    "dana@xn--strae-oqa.example": "dana@xn--strae-oqa.example",
    "dana+photos@clinic.example": "dana+photos@clinic.example",
}
OTHER_DOMAIN = {
    "dana@ｂücher.example": "bücher.example",
    "dana@ﬁnü.example": "finü.example",
    "dana@bücher。example": "bücher.example",
    "dana@ΒΌΛΟΣ.example": "βόλοσ.example",
    "dana@ⅷü.example": "viiiü.example",
}
NO_DOMAIN = [
    "dana@i❤.example",
    "dana@½.example",
    "dana@bü\u200dcher.example",
    "dana@bü cher.example",
    "dana@bü_cher.example",
    "dana@-bücher.example",
    "dana@bü--cher.example",
    "dana@bücher..example",
    "dana@\u0301ü.example",
    "dana@" + "ü" * 60 + ".example",
    "dana@aא1.example",  # right-to-left letters after Latin ones
    "dänä@clinic.example",
    "dana\u200b@clinic.example",
    "dana\x00@clinic.example",
]


@pytest.mark.parametrize(("typed", "sent_to"), SENT_TO.items())
def test_a_domain_is_sent_to_as_it_is_shown(typed: str, sent_to: str) -> None:
    shown = check_email(typed)
    assert delivery_address(shown) == sent_to
    assert check_email(shown) == shown
    assert shown == unicodedata.normalize("NFC", typed).lower()


@pytest.mark.parametrize(("typed", "domain"), OTHER_DOMAIN.items())
def test_a_domain_that_mails_would_write_otherwise_is_refused_and_named(
    typed: str, domain: str
) -> None:
    with pytest.raises(BadEmail, match=f"would go to dana@{domain}; write it like that"):
        check_email(typed)


@pytest.mark.parametrize("typed", NO_DOMAIN)
def test_what_no_registry_may_hold_is_refused(typed: str) -> None:
    with pytest.raises(BadEmail, match="is not an e-mail address"):
        check_email(typed)


def test_no_letter_of_unicode_leads_to_another_domain_than_the_one_shown() -> None:
    kept = 0
    for code in range(0x80, sys.maxunicode + 1):
        if code > 0x600 and code % 397:  # every Latin, Greek and Cyrillic letter, then a sample
            continue
        try:
            shown = check_email(f"dana@a{chr(code)}ü.example")
        except BadEmail:
            continue
        kept += 1
        domain = shown.partition("@")[2]
        assert idna.decode(delivery_address(shown).partition("@")[2]) == domain
    assert kept > 300
