"""The templates of messages that ship with Afterglow: they advise and name no illness."""

from collections.abc import Mapping

from tracker.domain.alerts.alerts import Concern
from tracker.domain.talk.reply_templates import ReplyText

SHIPPED: Mapping[str, ReplyText] = {
    "keep-going": ReplyText(
        "Thank you, keep going",
        "Hello {first name}, thank you for your photo and your answers of {day}. I have looked at "
        "them. Please go on as before and send your next photo tomorrow. If anything worries you, "
        "write to me or call us.\n{me}",
    ),
    "another-photo": ReplyText(
        "Please send another photo",
        "Hello {first name}, I would like to see your skin a little better. Could you send one "
        "more photo today: near a window, by daylight, without make-up? Thank you.\n{me}",
    ),
    "come-and-show": ReplyText(
        "Please come and let us look",
        "Hello {first name}, I would like to look at your skin myself. Please call us today, so "
        "that we find a time soon. Until then keep your skin clean, and do not scratch or squeeze "
        "it. If you get a fever, the redness spreads fast, or you feel ill, do not wait for me: "
        "call us or the emergency number at once.\n{me}",
        frozenset(
            {
                Concern.INFECTION,
                Concern.ALLERGIC_REACTION,
                Concern.PROLONGED_INFLAMMATION,
                Concern.OTHER_HARM,
            }
        ),
    ),
    "calm-skin": ReplyText(
        "Give your skin a rest",
        "Hello {first name}, on {day} your skin is still redder than usual after this treatment. "
        "Please use only a bland moisturiser and your sunscreen: no acids, retinoids or scrubs, "
        "no sauna, and as little sun as you can. Did you use anything new? I look again at your "
        "next photo.\n{me}",
        frozenset({Concern.PROLONGED_INFLAMMATION}),
    ),
    "stop-new-products": ReplyText(
        "Stop new products",
        "Hello {first name}, please stop every product that is new on your skin and wash with "
        "lukewarm water only. Write to me what you used and since when. If your lips, eyes or face "
        "swell, or breathing becomes hard, call the emergency number at once.\n{me}",
        frozenset({Concern.ALLERGIC_REACTION}),
    ),
    "tingling": ReplyText(
        "Tingling or blisters near the mouth",
        "Hello {first name}, thank you for telling us. Please call us today: if there is something "
        "to take, it helps most in the first days. Do not touch the spot, and wash your hands "
        "often.\n{me}",
        frozenset({Concern.COLD_SORE}),
    ),
    "tone": ReplyText(
        "A change of skin tone",
        "Hello {first name}, the tone of your skin has changed in some places. Please protect it "
        "from the sun every day, leave out whatever stings, and send one photo a week in the same "
        "light. We look at it together at your next visit; call us if you would like to come "
        "sooner.\n{me}",
        frozenset({Concern.HYPERPIGMENTATION, Concern.HYPOPIGMENTATION}),
    ),
    "firm-spot": ReplyText(
        "A spot that feels firm",
        "Hello {first name}, thank you for telling us about the spot that feels firm. Please do "
        "not rub or scratch it. I would like to look at it: please call us to find a time in "
        "the next days.\n{me}",
        frozenset({Concern.SCARRING}),
    ),
    "looking-myself": ReplyText(
        "I look at your photos myself",
        "Hello {first name}, our program could not compare your photos this time, so I look at "
        "them myself. How is your skin today? If it hurts more, swells, or you feel ill, do not "
        "wait for my answer: call us.\n{me}",
        frozenset({Concern.UNJUDGED}),
    ),
    "are-you-well": ReplyText(
        "Are you well?",
        "Hello {first name}, we have not heard from you for a few days. That is all right, nothing "
        "is lost. How is your skin? A photo and a check-in today help us to look after you. If "
        "something worries you, please call us.\n{me}",
        frozenset({Concern.SILENCE}),
    ),
}
