"""What a promotion's form, as it stands, would mean: on a sample cart, and on past orders.

Nothing is written: the answers are the quote's own (`rehearsal`) and the forecast's.
"""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext, ngettext

from promocodes import explanations, rehearsal, wording
from promocodes.desk import forecast, sample
from promocodes.desk.forecast import ForecastForm, Shown
from promocodes.desk.sample import Sample
from promocodes.explanations import LineStory, Story
from promocodes.forms.terms import ADVISED, TermsForm
from promocodes.rehearsal import Draft
from promocodes.terms import Terms


@dataclass(frozen=True, slots=True)
class ReceiptRow:
    """A line of the sample cart; `is_typed`: its number of units is the person's, not ours."""

    line: LineStory
    proposed: int
    is_typed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What the form, as it stands, would mean: for a cart, for shoppers, for who pays it."""

    currency: str
    wrong: dict[str, Any]
    advice: list[str]
    promise: str = ""
    story: Story | None = None
    sample: Sample | None = None
    ceiling_minor: int | None = None
    lacks_goods: bool = False  # stores, products or categories are still to be chosen

    @property
    def rows(self) -> list[ReceiptRow]:
        """The lines of the cart, each with what is to be known of its number of units."""
        if self.story is None or self.sample is None:
            return []
        return [
            ReceiptRow(line, self.sample.proposed[line.ref], line.ref in self.sample.typed)
            for line in self.story.lines
        ]


def look(form: TermsForm) -> Preview:
    """The form as it stands, rehearsed on the sample cart."""
    form.is_valid()
    terms = form.terms
    shown = Preview(
        currency=form.currency,
        wrong=form.asks_wrongly(),
        advice=advice(form),
        lacks_goods=lacks_goods(form),
    )
    if terms is None:
        return shown
    draft = draft_of(form, terms)
    chosen = sample.make(draft, posted=form.data)
    at = max(form.at, terms.starts_at) if terms.starts_at else form.at
    judgement = rehearsal.rehearse(draft, chosen.cart, at=at)
    return Preview(
        currency=form.currency,
        wrong=shown.wrong,
        advice=shown.advice,
        promise=_promise(terms, form.currency),
        story=explanations.tell(judgement, names=chosen.names),
        sample=chosen,
        ceiling_minor=rehearsal.ceiling_minor(terms, form.limits),
    )


def lacks_goods(form: TermsForm) -> bool:
    """Whether terms are open for want of stores, products or categories, not of a discount."""
    return not {"percent", "amount"} & form.errors.keys()


def blank(form: TermsForm) -> Preview:
    """What stands there before anything is typed."""
    return Preview(currency=form.currency, wrong={}, advice=[])


def replay(form: TermsForm) -> Shown | None:
    """The form as it stands, replayed on past orders; None while it says no discount."""
    form.is_valid()
    terms = form.terms
    if terms is None:
        return None
    return forecast.make(draft_of(form, terms), form=ForecastForm(form.data), at=form.at)


def advice(form: TermsForm) -> list[str]:
    """What is allowed but worth a second thought (AM-11)."""
    said = []
    if form.is_for_posts and form.lasts is not None and form.lasts < ADVISED:
        days = max(form.lasts.days, 0)
        text = ngettext(
            "It runs for %(days)s day. Two weeks or more sell better: people need time to post.",
            "It runs for %(days)s days. Two weeks or more sell better: people need time to post.",
            days,
        )
        said.append(text % {"days": days})
    terms = form.terms
    if terms is not None and rehearsal.ceiling_minor(terms, form.limits) is None:
        said.append(
            gettext("Nothing bounds what it may cost you. A budget or a total limit would.")
        )
    if terms is not None and terms.percent_bp == 10_000 and terms.max_discount_minor is None:
        said.append(gettext("The goods are free with this code."))
    return [*said, *form.second_thoughts()]


def draft_of(form: TermsForm, terms: Terms) -> Draft:
    """The promotion as the form has it."""
    return Draft(
        store=form.store,
        kind=form.chosen_kind,
        currency=form.currency,
        terms=terms,
        limits=form.limits,
        code=form.cleaned_data.get("code") or rehearsal.STAND_IN,
    )


def _promise(terms: Terms, currency: str) -> str:
    """The deal in one sentence, as a shopper would hear it."""
    parts = [wording.discount(terms, currency)]
    if terms.min_spend_minor:
        parts.append(wording.minimum(terms, currency))
    if terms.ends_at is not None:
        until = explanations.moment(terms.ends_at, terms.timezone)
        parts.append(gettext("until %(until)s") % {"until": until})
    return " · ".join(parts)
