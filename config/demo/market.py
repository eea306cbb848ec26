"""The demo's shops, their promo codes and their tasks for influencers."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from affiliates import agreements, prepayments
from affiliates.models import AffiliatePlan
from config.demo import people
from config.demo.goods import CATEGORIES, CURRENCY, SHOPS, Shop
from marketplace import catalogue, keys
from marketplace.catalogue import Entry
from marketplace.models import ApiClient, Category, Store, User
from promocodes import promotions
from promocodes.models import Promotion
from promocodes.terms import UNLIMITED, Limits, Terms
from tasks import openings
from tasks.models import Task
from tasks.openings import Offer

CLIENT = "Demo shop"


@dataclass(frozen=True)
class Deal:
    """A promo code of a shop; `days` are from the day the demo was loaded."""

    store: str
    name: str
    code: str
    terms: Terms
    kind: str = "social"
    limits: Limits = UNLIMITED
    is_shared: bool = True
    is_approved: bool = True
    days: tuple[int, int | None] = (-90, 45)
    fee_minor: int | None = None
    is_task: bool = True
    brief: str = ""


DEALS = (
    Deal(
        "demo-glazur",
        "Чаепитие с «Глазурью»",
        "GLAZUR15",
        Terms(
            discount_type="percent",
            percent_bp=1_500,
            min_spend_minor=150_000,
            max_discount_minor=150_000,
        ),
        limits=Limits(total=500, per_person=3, budget_minor=20_000_000),
        brief="Покажите, как кружка лежит в руке. Не обещайте посудомоечную машину.",
    ),
    Deal(
        "demo-glazur",
        "Скидка постоянным покупателям",
        "SVOI10",
        Terms(discount_type="percent", percent_bp=1_000),
        kind="store",
        is_shared=False,
        days=(-60, None),
    ),
    Deal(
        "demo-glazur",
        "Новогодние вазы",
        "VAZA20",
        Terms(discount_type="percent", percent_bp=2_000, scope="products", products=("vase-tall",)),
        days=(0, 30),
        is_approved=False,
    ),
    Deal(
        "demo-svet",
        "Вечера при лампе",
        "LAMPA12",
        Terms(
            discount_type="percent",
            percent_bp=1_200,
            scope="products",
            products=("lamp-desk", "lamp-moon"),
        ),
        days=(-75, 25),
    ),
    Deal(
        "demo-travy",
        "300 ₽ на травы",
        "TRAVY300",
        Terms(discount_type="fixed", amount_minor=30_000, min_spend_minor=150_000),
        limits=Limits(per_person=1),
        days=(-80, 60),
        brief="Расскажите, какой сбор вы завариваете вечером.",
    ),
    Deal(
        "demo-kot",
        "Книги для долгих вечеров",
        "KNIGI10",
        Terms(
            discount_type="percent",
            percent_bp=1_000,
            scope="categories",
            categories=("books",),
        ),
        days=(-40, 20),
    ),
    Deal(
        "demo-svet",
        "Ночники к новоселью",
        "NOCHNIK15",
        Terms(
            discount_type="percent",
            percent_bp=1_500,
            scope="categories",
            categories=("light",),
            min_spend_minor=200_000,
        ),
        days=(-5, 50),
        is_task=False,
    ),
    Deal(
        "demo-len",
        "Лён в каждый дом",
        "LEN10",
        Terms(discount_type="percent", percent_bp=1_000, min_spend_minor=100_000),
        days=(-70, 40),
        fee_minor=15_000,
    ),
)


def api_client() -> ApiClient:
    """The marketplace's server in the demo; it gets a key when somebody asks for one."""
    client, _ = ApiClient.objects.get_or_create(
        name=CLIENT, defaults={"scopes": list(ApiClient.Scope.values)}
    )
    return client


def new_key() -> str:
    """The secret of a new key of the demo's client; its earlier keys end."""
    client = api_client()
    for old in client.keys.filter(revoked_at=None):
        keys.revoke(key=old, actor="demo", reason="another one was asked for")
    _, secret = keys.create(client=client, actor="demo")
    return secret


def open_shops(*, client: ApiClient, at: datetime) -> dict[str, Store]:
    """All shops with their goods, sellers and affiliate plans, by ref."""
    for ref, name in CATEGORIES.items():
        Category.objects.get_or_create(ref=ref, defaults={"name": name})
    return {shop.ref: _open_shop(shop, client, at) for shop in SHOPS}


def offer_deals(*, stores: Mapping[str, Store], ops: User, at: datetime) -> dict[str, Promotion]:
    """All promo codes by their word; of the shared and approved ones nearly all become tasks."""
    return {deal.code: _offer(deal, stores[deal.store], ops, at) for deal in DEALS}


def _open_shop(shop: Shop, client: ApiClient, at: datetime) -> Store:
    facts = {
        "name": shop.name,
        "currency": CURRENCY,
        "country": "RU",
        "is_verified": True,
        "host": shop.host,
    }
    store, _ = catalogue.put_store(client=client, ref=shop.ref, facts=facts)
    owner = people.person(*shop.owner)
    people.let_work(owner, store)
    entries = [
        Entry(
            ref=thing.ref,
            store=shop.ref,
            name=thing.name,
            price_minor=thing.roubles * 100,
            currency=CURRENCY,
            category=thing.category,
            url=f"https://{shop.host}/{thing.ref}",
        )
        for thing in shop.goods
    ]
    catalogue.put_products(client=client, entries=entries)
    has_plan = AffiliatePlan.objects.filter(store=store).exists()
    if shop.rate_bp is not None and not has_plan:
        agreements.set_plan(
            store=store, rate_bp=shop.rate_bp, starts_at=at - timedelta(days=100), actor=owner
        )
    return store


def _offer(deal: Deal, store: Store, ops: User, at: datetime) -> Promotion:
    owner = store.members.select_related("user").earliest("pk").user
    promotion = Promotion.objects.of_store(store).filter(name=deal.name).first()
    if promotion is None:
        promotion = promotions.create(
            name=deal.name,
            kind=deal.kind,
            currency=CURRENCY,
            store=store,
            terms=_dated(deal, at),
            limits=deal.limits,
            share_with_affiliates=deal.is_shared,
            code=deal.code,
            actor=owner,
        )
    if deal.is_approved:
        promotions.approve(promotion_id=promotion.pk, actor=ops)
        if deal.is_shared and deal.is_task:
            _make_task(deal, store, promotion, owner, at)
    return promotion


def _make_task(deal: Deal, store: Store, promotion: Promotion, owner: User, at: datetime) -> Task:
    offer = Offer(
        name=deal.name,
        brief=deal.brief,
        channel=Task.Channel.SOCIAL,
        applications_close_at=at + timedelta(days=14),
        submission_due_at=at + timedelta(days=10),
    )
    if deal.fee_minor is None:
        return openings.open_task(store=store, promotion_id=promotion.pk, actor=owner, offer=offer)
    task = openings.open_task(
        store=store,
        promotion_id=promotion.pk,
        actor=owner,
        offer=offer,
        pay_model=Task.PayModel.FEE,
        fee_minor=deal.fee_minor,
    )
    prepayments.fund(
        store=store,
        currency=CURRENCY,
        amount_minor=40 * deal.fee_minor,
        task_ref=str(task.pk),
        actor=owner,
    )
    return task


def _dated(deal: Deal, at: datetime) -> Terms:
    start, end = deal.days
    return replace(
        deal.terms,
        starts_at=at + timedelta(days=start),
        ends_at=None if end is None else at + timedelta(days=end),
        timezone="Europe/Moscow",
    )
