"""What stands before the first order: stores and goods, promo codes, influencers with codes.

Stores, goods and promo codes come through the API. Influencers and tasks have no call, so their
verbs are used; all of it may be done again and changes nothing then.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlencode

from django.db import transaction

from affiliates import agreements, directory
from affiliates.models import Affiliate, AffiliatePlan
from config.replay.plan import (
    CATEGORIES,
    INFLUENCERS,
    PRODUCTS,
    STORES,
    PlannedOrder,
    Wish,
    category_of,
    product_ref,
    store_ref,
)
from config.replay.purchases import CURRENCY
from config.replay.shop import Shop
from marketplace.models import Profile, Store, StoreMember, User
from tasks import assignments, openings

LONG_AGO = datetime(1997, 1, 1, tzinfo=UTC)
SHARING = range(6)  # stores that share a code with influencers
# What each store's own code gives and asks, from a plain percent to a limit that runs out.
STORE_CODES: tuple[dict[str, object], ...] = (
    {"discount": {"type": "percent", "percent": "10"}},
    {"discount": {"type": "percent", "percent": "7.5"}},
    {"discount": {"type": "percent", "percent": "15", "max_discount": 600}},
    {"discount": {"type": "fixed", "amount": 500}, "min_spend": 2_000},
    {"discount": {"type": "fixed", "amount": 300}},
    {"discount": {"type": "percent", "percent": "20"}, "limits": {"per_person": 1}},
    {"discount": {"type": "percent", "percent": "25"}, "limits": {"total": 100}},
    {"discount": {"type": "fixed", "amount": 400}, "limits": {"budget": 100_000}},
)
SHARED_CODE: dict[str, object] = {
    "discount": {"type": "percent", "percent": "12"},
    "applies_to": {"scope": "storewide"},
}
RATES_BP = (500, 650, 800, 1_000, 1_200, 1_500)  # the plans of the sharing stores


@dataclass(frozen=True)
class Codes:
    """The words that shoppers type: a store's own, and an influencer's at a store."""

    of_store: Mapping[str, str]
    of_influencer: Mapping[tuple[int, str], str]

    def for_order(self, order: PlannedOrder) -> str | None:
        """What the order's shopper types, by the plan; None for nothing."""
        home = order.lines[0].store
        if order.wish is Wish.STORE:
            return self.of_store.get(home)
        if order.wish is Wish.INFLUENCER:
            return self.of_influencer.get((order.influencer, home))
        return None


def set_up(shop: Shop) -> Codes:
    """Everything that orders need."""
    for number in range(STORES):
        _tell_store(shop, number)
    own = {store_ref(number): _store_code(shop, number) for number in range(STORES)}
    tasks = {}
    for number in SHARING:
        promotion = _promotion(shop, number, f"CDs with friends {number}", _shared(number))
        store = Store.objects.get(ref=store_ref(number))
        owner = _owner(store)
        _plan(store, owner, RATES_BP[number])
        tasks[store.ref] = openings.open_task(store=store, promotion_id=promotion, actor=owner)
    influencers = [_influencer(number) for number in range(INFLUENCERS)]
    words = {
        (number, ref): _code(task.pk, affiliate)
        for number, affiliate in enumerate(influencers)
        for ref, task in tasks.items()
    }
    return Codes(of_store=own, of_influencer=words)


def person(ref: str, name: str) -> User:
    """The user of this ref, made if there is none yet."""
    found, _ = User.objects.get_or_create(ref=ref, defaults={"password": "!"})
    Profile.objects.get_or_create(user=found, defaults={"name": name})
    return found


def _tell_store(shop: Shop, number: int) -> None:
    ref = store_ref(number)
    shop.put(
        f"/stores/{ref}",
        {"name": f"CD shop {number}", "currency": CURRENCY, "country": "US", "verified": True},
    )
    products = [
        {
            "ref": product_ref(number, product),
            "store": ref,
            "name": f"CD {product + 1}, {category_of(product)}",
            "category": category_of(product),
            "price": 1_177 + 50 * product,
            "currency": CURRENCY,
        }
        for product in range(PRODUCTS)
    ]
    shop.put("/products", {"products": products})


def _store_code(shop: Shop, number: int) -> str:
    code = f"CDSHOP{number}"
    terms = STORE_CODES[number] | {"kind": "store", "code": code, "share_with_affiliates": False}
    _promotion(shop, number, f"CD shop {number}, own code", terms)
    return code


def _shared(number: int) -> dict[str, object]:
    terms = SHARED_CODE | {"kind": "social", "share_with_affiliates": True}
    if number % 3 == 2:
        terms["applies_to"] = {"scope": "categories", "categories": list(CATEGORIES[:3])}
    return terms


def _promotion(shop: Shop, number: int, name: str, terms: dict[str, object]) -> str:
    """The id of the store's promotion of this name; made and approved if there is none yet."""
    ref = store_ref(number)
    known = _find(shop, ref, name)
    if known is None:
        body = {
            "name": name,
            "store": ref,
            "currency": CURRENCY,
            "starts_at": LONG_AGO.isoformat(),
            "timezone": "America/New_York",
        }
        known = shop.done("/promotions", body | terms, key=f"replay {ref} {name}").body
    if known["state"] == "pending_approval":
        shop.done(f"/promotions/{known['id']}/approve", {}, key=f"replay approve {known['id']}")
    return str(known["id"])


def _find(shop: Shop, ref: str, name: str) -> dict[str, object] | None:
    page: str | None = f"/promotions?{urlencode({'store': ref})}"
    while page is not None:
        answer = shop.must_get(page).body
        for promotion in answer["results"]:
            if promotion["name"] == name:
                return dict(promotion)
        page = str(answer["next"]).partition("/api/v1")[2] if answer.get("next") else None
    return None


def _owner(store: Store) -> User:
    owner = person(f"{store.ref}-owner", f"Owner of {store.name}")
    StoreMember.objects.get_or_create(
        store=store, user=owner, defaults={"role": StoreMember.Role.OWNER}
    )
    return owner


def _plan(store: Store, owner: User, rate_bp: int) -> None:
    if not AffiliatePlan.objects.filter(store=store).exists():
        agreements.set_plan(store=store, rate_bp=rate_bp, starts_at=LONG_AGO, actor=owner)


def _influencer(number: int) -> Affiliate:
    user = person(f"cdnow-influencer-{number}", f"Music blogger {number + 1}")
    with transaction.atomic():
        return directory.join(user=user, kind=Affiliate.Kind.INDIVIDUAL)


def _code(task_id: object, affiliate: Affiliate) -> str:
    assignment = assignments.apply(task_id=str(task_id), affiliate=affiliate)
    [code] = assignments.get_codes(assignment_id=assignment.pk, affiliate=affiliate)
    return code.code
