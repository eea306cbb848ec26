"""Plain affiliates, agreements and orders that were brought; what a test depends on it passes."""

from datetime import UTC, datetime
from itertools import count
from typing import Any

from django.db import transaction

from affiliates import agreements, derivation, directory, settlement
from affiliates.ledger import Place, balance_minor
from affiliates.models import (
    Affiliate,
    AffiliatePlan,
    Agreement,
    Click,
    Commission,
    Link,
    PayoutRule,
    RosterMember,
)
from marketplace import clock, orders
from marketplace.folding import Event
from marketplace.models import ApiClient, Store, User
from promocodes import issuing
from promocodes.models import Promotion
from tests.factories.marketplace import make_client, make_store, make_user
from tests.factories.promocodes import make_promotion

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
_number = count(1)


def make_affiliate(
    *,
    user: User | None = None,
    kind: str = "individual",
    status: str = "approved",
    tax_status: str = "self_employed",
    with_method: bool = True,
    name: str = "",
) -> Affiliate:
    """An approved influencer who pays their own tax and has told where to pay."""
    user = user or make_user(name=name)
    affiliate = directory.join(user=user, kind=kind, tax_status=tax_status)
    Affiliate.objects.filter(pk=affiliate.pk).update(status=status)
    affiliate.refresh_from_db()
    if with_method:
        directory.set_payout_method(
            affiliate=affiliate,
            holder_name=name or "Anna",
            bank_code="044525225",
            account_number=f"4081781{next(_number):013}",
            actor=user,
        )
    return affiliate


def make_agreement(*, affiliate: Affiliate, promotion: Promotion, **fields: Any) -> Agreement:
    """Eight percent since long ago, unless said otherwise."""
    if "fee_minor" in fields:
        fields.setdefault("pay_model", "fee")
    else:
        fields.setdefault("rate_bp", 800)
    fields = {"pay_model": "cps", "valid_from": LONG_AGO} | fields
    with transaction.atomic():
        return agreements.grant(affiliate=affiliate, promotion=promotion, **fields)


def make_plan(*, store: Store | None = None, **fields: Any) -> AffiliatePlan:
    """A plan since long ago: five percent, 15 days of hold, 30 days of window."""
    return AffiliatePlan.objects.create(
        store=store, **{"rate_bp": 500, "starts_at": LONG_AGO} | fields
    )


def make_rule(**fields: Any) -> PayoutRule:
    """Roubles: from 1.00, no fee, 13 % from private persons, two persons above 1,000,000.00."""
    fields = {
        "currency": "RUB",
        "minimum_minor": 100,
        "fee_minor": 0,
        "person_tax_bp": 1300,
        "two_persons_above_minor": 100_000_000,
    } | fields
    return PayoutRule.objects.create(**fields)


def make_member(*, agency: Affiliate, influencer: Affiliate, **fields: Any) -> RosterMember:
    """An influencer whom the agency has signed long ago, for a fifth."""
    fields = {"state": "active", "share_bp": 2000, "joined_at": LONG_AGO} | fields
    return RosterMember.objects.create(agency=agency, influencer=influencer, **fields)


def make_link(*, affiliate: Affiliate, **target: Any) -> Link:
    """A link to `promotion`, `product` or `store`."""
    return Link.objects.create(id=f"link{next(_number)}", affiliate=affiliate, **target)


def make_click(*, link: Link, at: datetime) -> Click:
    """A click on the link at an instant."""
    return Click.objects.create(link=link, token=f"t{next(_number)}", clicked_at=at)


class Shop:
    """The marketplace's server, which reports orders; each event has the next version."""

    def __init__(self, client: ApiClient | None = None) -> None:
        self.client = client or make_client()[0]
        self._version = count(1)

    def tell(
        self, order_ref: str, type_: str, *, at: datetime, version: int | None = None, **facts: Any
    ) -> None:
        """Report one event of an order; `facts` as in api.md."""
        version = version if version is not None else next(self._version)
        orders.record(
            client=self.client,
            event=Event(
                client_id=self.client.pk,
                order_ref=order_ref,
                event_id=f"e{next(_number)}",
                version=version,
                type=type_,
                occurred_at=at,
                facts=facts,
            ),
        )

    def sell(
        self,
        order_ref: str,
        *lines: dict[str, Any],
        at: datetime,
        currency: str = "RUB",
        **facts: Any,
    ) -> None:
        """An order of these lines that was paid at once."""
        self.tell(order_ref, "paid", at=at, currency=currency, lines=list(lines), **facts)

    def refund(self, order_ref: str, *, at: datetime, **quantities: int) -> None:
        """So many units of each line came back; of all lines all if none is named."""
        refund: dict[str, Any] = {"ref": f"r{next(_number)}"}
        if quantities:
            refund["lines"] = [
                {"ref": ref.removeprefix("line_"), "quantity": quantity}
                for ref, quantity in quantities.items()
            ]
        self.tell(order_ref, "refunded", at=at, refund=refund)


def line(store: Store, ref: str = "1", *, price: int = 500_000, **members: Any) -> dict[str, Any]:
    """A line of an order event; one piece at 5,000.00 unless given."""
    return {
        "ref": ref,
        "product": f"p-{ref}",
        "store": store.ref,
        "unit_price": price,
        "quantity": 1,
    } | members


def only_commission(order_ref: str) -> Commission:
    """The one commission of an order."""
    return Commission.objects.get(order_ref=order_ref)


def balance(affiliate: Affiliate, kind: str, currency: str = "RUB") -> int:
    """The balance of the affiliate's `pending`, `available` or `reserved` account, minor units."""
    place = Place(kind=f"affiliate_{kind}", owner=str(affiliate.pk), currency=currency)
    return balance_minor(place)


def derive(*order_refs: str) -> None:
    """Derive from these orders, as the job does from those that changed."""
    with transaction.atomic():
        derivation.derive(order_refs)


def make_code(*, affiliate: Affiliate, promotion: Promotion, **agreement: Any) -> str:
    """A code of the affiliate's own on a promotion, with an agreement of eight percent."""
    make_agreement(affiliate=affiliate, promotion=promotion, **agreement)
    with transaction.atomic():
        code = issuing.issue(
            promotion_id=promotion.pk, holder=affiliate.user, pattern="A########", at=clock.now()
        )
    return code.code


def make_balance(*, affiliate: Affiliate, amount_minor: int) -> None:
    """An available balance in roubles as it really comes about: sold, derived, held, released."""
    store = make_store()
    promotion = make_promotion(store=store)
    code = make_code(affiliate=affiliate, promotion=promotion, rate_bp=10_000)
    order_ref = f"earned{next(_number)}"
    Shop().sell(order_ref, line(store, price=amount_minor), at=LONG_AGO, codes=[code])
    derive(order_ref)
    settlement.release_due()
