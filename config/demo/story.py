"""Loads the demo, step by step; each step does nothing where it was done before."""

from datetime import datetime, timedelta

from affiliates import commissions, prepayments, settlement
from config import demo
from config.demo import creators, friends, market, people, sales
from marketplace import audit, clock
from marketplace.models import AuditEntry
from promocodes.models import PromoCode
from referrals import visits

BEGUN, LOADED = "demo.begin", "demo.loaded"
PAST, TODAY = timedelta(days=31), timedelta(hours=3)


def is_loaded() -> bool:
    """Whether all of it is there."""
    return AuditEntry.objects.filter(verb=LOADED).exists()


def load() -> None:
    """Load what is missing. Raises `demo.DemoRefused` where the demo is not allowed."""
    demo.demand()
    if is_loaded():
        return
    tell(at=_day())
    audit.record(actor="demo", verb=LOADED, target="demo")


def tell(*, at: datetime) -> None:
    """Everything that happens, counted from the instant `at`; told again, nothing happens twice."""
    ops, client = people.play("ops"), market.api_client()
    stores = market.open_shops(client=client, at=at)
    deals = market.offer_deals(stores=stores, ops=ops, at=at)
    polina = creators.joined(
        user=people.play("influencer"), kind="individual", tax_status="self_employed", ops=ops
    )
    agency = creators.joined(
        user=people.play("agency"), kind="agency", tax_status="company", ops=ops
    )
    maxim = creators.joined(
        user=people.person(*people.MAXIM), kind="individual", tax_status="person", ops=ops
    )
    creators.sign(agency, maxim)
    creators.write_about(polina, ["light", "books"])
    own = creators.codes_of(polina, deals, ["GLAZUR15", "TRAVY300", "LEN10"])
    theirs = creators.codes_of(agency, deals, ["GLAZUR15", "LAMPA12"], total=3)
    words = {
        "demo-glazur": [*_words(own, "GLAZUR15") * 3, *_words(theirs, "GLAZUR15"), "SVOI10"],
        "demo-travy": [*_words(own, "TRAVY300") * 2, "TRAVY300"],
        "demo-svet": [*_words(theirs, "LAMPA12"), "LAMPA12"],
        "demo-len": [*_words(own, "LEN10"), "LEN10"],
        "demo-kot": ["KNIGI10"],
    }
    own_purchase = sales.bought(  # earns nothing, and the page says why
        number=9_001, shopper=polina.user.ref or "", code=words["demo-glazur"][0], ago=PAST
    )
    sales.play([*sales.planned(words), own_purchase], client=client, at=at)
    creators.post(polina, deals["GLAZUR15"], "https://vk.com/wall-1_15", answer="")
    creators.post(
        polina,
        deals["TRAVY300"],
        "https://ok.ru/post/300",
        answer="Назовите срок скидки, пожалуйста.",
    )
    creators.post(agency, deals["LAMPA12"], "https://t.me/svoi/12", answer=None)
    _pay_out()
    creators.withdraw(polina, ops=ops)
    _play_round(at)
    visits.forget_hints(at=clock.now())
    _pay_out()


def _day() -> datetime:
    """The instant from which everything is counted: when loading first began."""
    if not AuditEntry.objects.filter(verb=BEGUN).exists():
        audit.record(actor="demo", verb=BEGUN, target="demo")
    return AuditEntry.objects.filter(verb=BEGUN).earliest("pk").at


def _words(codes: dict[str, list[PromoCode]], word: str) -> list[str]:
    return [code.code for code in codes[word]]


def _pay_out() -> None:
    """What the jobs would do within seconds."""
    commissions.derive_due()
    prepayments.use_due()
    settlement.release_due()


def _play_round(at: datetime) -> None:
    round_ = friends.open_round(ops=people.play("ops"), at=at)
    olesya = people.person(*people.OLESYA)
    won = friends.invite(round_=round_, inviter=olesya, count=round_.threshold, at=at)
    if won.code is not None:
        spent = sales.bought(number=9_002, shopper=people.OLESYA[0], code=won.code.code, ago=TODAY)
        sales.play([spent], client=market.api_client(), at=at)
    annas = friends.invite(
        round_=round_, inviter=people.play("shopper"), count=friends.ANNAS, at=at
    )
    friends.puzzle(annas, at=at)
