"""Tasks and the people on them, made by the verbs; what a test depends on it passes by name."""

from dataclasses import fields
from typing import Any

from affiliates import agreements, directory
from affiliates.models import Affiliate
from marketplace import clock
from marketplace.models import Store, User
from promocodes.models import Promotion
from tasks import assignments, openings
from tasks.models import Assignment, Task
from tasks.openings import Offer
from tests.factories.marketplace import make_store, make_user
from tests.factories.promocodes import make_promotion


def make_influencer(*, kind: str = "individual", name: str = "", language: str = "en") -> Affiliate:
    """An influencer who has joined; `kind="agency"` makes an agency."""
    return directory.join(user=make_user(name=name, language=language), kind=kind)


def make_partner_store(*, owner: User | None = None, rate_bp: int = 800, **columns: Any) -> Store:
    """A store with an affiliate plan in force: 8 % unless given."""
    owner = owner or make_user()
    store = make_store(owner=owner, is_verified=True, **columns)
    agreements.set_plan(store=store, rate_bp=rate_bp, starts_at=clock.now(), actor=owner)
    return store


def make_task(
    *, store: Store | None = None, promotion: Promotion | None = None, **offer: Any
) -> Task:
    """An open task of a shared store code that runs without end, 10 % off unless given."""
    store = store or (promotion.store if promotion else None) or make_partner_store()
    promotion = promotion or make_promotion(store=store, share_with_affiliates=True)
    told = {field.name: offer.pop(field.name) for field in fields(Offer) if field.name in offer}
    if told:
        offer["offer"] = Offer(**{"name": promotion.name} | told)
    actor = store.members.select_related("user").first().user
    return openings.open_task(store=store, promotion_id=promotion.pk, actor=actor, **offer)


def make_assignment(*, task: Task | None = None, affiliate: Affiliate | None = None) -> Assignment:
    """An affiliate who has applied."""
    return assignments.apply(
        task_id=(task or make_task()).pk, affiliate=affiliate or make_influencer()
    )
