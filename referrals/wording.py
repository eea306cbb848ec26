"""What people read about a visit: one text for the friend, one for the inviter (pure).

Every reason of the closed list has both; a test counts them. Texts are lazy, so that they speak
the reader's language.
"""

from dataclasses import dataclass
from decimal import Decimal

from babel.core import Locale
from babel.numbers import format_percent
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from marketplace.models import Profile
from marketplace.money import BASIS, format_money
from referrals.models import Participation, RoundTerms, Visit

Reason = Visit.Reason
GROUP = 4


@dataclass(frozen=True)
class Words:
    """Titles and explanations of one reason."""

    friend_title: Promise
    friend_text: Promise
    inviter_title: Promise
    inviter_text: Promise


WORDS: dict[str, Words] = {
    Reason.COUNTED: Words(
        _("Thank you, you count!"),
        _("Your friend is one step closer to the discount."),
        _("Counted"),
        _("This friend followed your link."),
    ),
    Reason.OWN_LINK: Words(
        _("This is your own link"),
        _("Send it to your friends: their visits count, your own does not."),
        _("Not counted: it was you"),
        _("You opened your own link. That does no harm, it just does not count."),
    ),
    Reason.ALREADY_COUNTED: Words(
        _("You already count"),
        _("Your visit has counted before. One friend counts once, thank you!"),
        _("Not counted: this friend already counts for you"),
        _("One friend counts once, however often they open the link."),
    ),
    Reason.LIMIT_PER_FRIEND: Words(
        _("You have helped enough friends"),
        _("In one round a person counts for a few friends only, and yours are used up."),
        _("Not counted: this friend has helped others already"),
        _("In one round a person counts for a few inviters only."),
    ),
    Reason.ROUND_NOT_STARTED: Words(
        _("A little early"),
        _("The round has not opened yet. Come back when it has."),
        _("Not counted: the round had not opened"),
        _("Ask this friend to open the link once more."),
    ),
    Reason.ROUND_ENDED: Words(
        _("This round is over"),
        _("Visits no longer count. The deals are still there, and a new round comes."),
        _("Not counted: the round was over"),
        _("The visit came after the end of the round."),
    ),
    Reason.LINK_REVOKED: Words(
        _("This link no longer works"),
        _("Ask your friend for a new one."),
        _("Not counted: the link was stopped"),
        _("Write to us if you think that this is a mistake."),
    ),
    Reason.NEED_SIGN_IN: Words(
        _("One more step: sign in"),
        _("In this round friends count once they have signed in. It takes a minute."),
        _("Waiting: your friend has to sign in"),
        _("Ask them to open the link once more and to sign in."),
    ),
    Reason.NEED_NEW_USER: Words(
        _("This round is for newcomers"),
        _("Only friends who have never bought here count. You may start a round of your own!"),
        _("Not counted: this friend has bought here before"),
        _("In this round only friends who are new here count."),
    ),
    Reason.NETWORK_CEILING: Words(
        _("Almost there: sign in, and you count"),
        _("Many friends came from your network today, so we ask you to say who you are."),
        _("Waiting: many friends on one network"),
        _("Nothing is wrong. Ask this friend to open the link and sign in, then they count."),
    ),
    Reason.TOO_FAST: Words(
        _("Almost there: sign in, and you count"),
        _("Very many friends came at once, so we ask you to say who you are."),
        _("Waiting: many friends in a few minutes"),
        _("Ask this friend to open the link and sign in, then they count."),
    ),
    Reason.AUTOMATED: Words(
        _("Are you a person?"),
        _("Your browser looks like a program. Sign in, and your visit counts."),
        _("Waiting: the visit looks automated"),
        _("If it was a real friend, ask them to open the link and sign in."),
    ),
    Reason.PREVIEW_ONLY: Words(
        _("Open the link in your browser"),
        _("This looks like the preview of a messenger. Open the link yourself, or sign in."),
        _("Waiting: only a link preview so far"),
        _("A messenger drew the preview of your link. Friends count when they come themselves."),
    ),
    Reason.RING_REVIEW: Words(
        _("Thank you! We take a quick look"),
        _("Your circle of friends all invited each other. Your visit counts by itself soon."),
        _("Waiting: we take a quick look"),
        _("Some of you all invited each other. We look at it; it counts by itself in time."),
    ),
    Reason.MERGED_DEVICE: Words(
        _("You already count"),
        _("You came from another of your devices before. One friend counts once."),
        _("Not counted: a second device of the same friend"),
        _("This friend already counts for you from another device."),
    ),
    Reason.TECHNICAL: Words(
        _("Please press once more"),
        _("The page was open for too long or answered too quickly. Just press the button again."),
        _("Not counted: something went wrong on our side"),
        _("Ask this friend to open the link once more."),
    ),
}

# A visit that ops refused after a review keeps the reason, but no longer waits.
REFUSED_IN_REVIEW = Words(
    _("This visit does not count"),
    _("We looked at it and could not count it."),
    _("Not counted: after a review"),
    _("We looked at this circle of friends. Write to us if you disagree."),
)


def words_for(visit: Visit, *, round_is_over: bool = False) -> Words:
    """The texts of a visit as it stands; what still waits when the round ends does not count."""
    if visit.outcome == Visit.Outcome.WAITING and round_is_over:
        return WORDS[Reason.ROUND_ENDED]
    if visit.outcome == Visit.Outcome.NOT_COUNTED and visit.reason == Reason.RING_REVIEW:
        return REFUSED_IN_REVIEW
    return WORDS[visit.reason]


def inviter_name(participation: Participation) -> str:
    """The inviter's name, if they want friends to see it and have one; else empty."""
    if not participation.shows_name:
        return ""
    profile: Profile | None = getattr(participation.shopper, "profile", None)
    return profile.name if profile else ""


def invitation_title(participation: Participation) -> str:
    """What stands above an invitation and in a messenger's preview."""
    name = inviter_name(participation)
    if name:
        return gettext("%(name)s invites you to great deals") % {"name": name}
    return gettext("Your friend invites you to great deals")


def default_message(participation: Participation) -> str:
    """What goes along with the link when the inviter wrote no words of their own."""
    return gettext(
        "I am collecting a discount of %(discount)s. Open the link and press the button, please: "
        "it takes a few seconds, nothing to buy."
    ) % {"discount": discount(participation.round)}


def discount(terms: RoundTerms) -> str:
    """What the code takes off, as a person reads it: `399 ₽` or `10 %`."""
    language = get_language() or "en"
    if terms.amount_minor is not None:
        return format_money(terms.amount_minor, terms.currency, language)
    locale = Locale.parse(language, sep="-")
    pattern = locale.percent_formats[None].pattern.replace("#0", "#0.##")
    return format_percent(Decimal(terms.percent_bp or 0) / BASIS, format=pattern, locale=locale)


def groups(code: str) -> list[str]:
    """A code in groups of four, to be read aloud: `FR7KQ2MX9TDA` is `FR7K Q2MX 9TDA`."""
    return [code[start : start + GROUP] for start in range(0, len(code), GROUP)]
