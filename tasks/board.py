"""What an influencer sees of tasks: lists, and all facts of one (reads only)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import (
    Case,
    CharField,
    Exists,
    F,
    OuterRef,
    Prefetch,
    Q,
    QuerySet,
    Sum,
    Value,
    When,
)

from affiliates import agreements
from affiliates.models import Affiliate
from affiliates.roster import shown_name
from marketplace.models import Category, Product
from promocodes.codes import groups
from promocodes.models import PromoCode, Promotion, PromotionCounter, PromotionTerms
from tasks.assignments import MOST_CODES
from tasks.models import Assignment, CodeGrant, Submission, Task
from tasks.pay import Example, example

PRODUCTS_SHOWN = 12
OPEN_FOR_CONTENT = (Assignment.State.AWAITING_SUBMISSION, Assignment.State.CHANGES_ASKED)


@dataclass(frozen=True)
class ShownCode:
    """A code as it is shown: `groups` for the eye, `name` for the page's anchors.

    `holder`: the influencer to whom an agency passed it on; empty for an own one.
    """

    name: str
    groups: Sequence[str]
    works: bool
    holder: str


@dataclass(frozen=True)
class Work:
    """What one affiliate has of a task, and may do next."""

    assignment: Assignment
    codes: Sequence[ShownCode]
    submissions: Sequence[Submission]
    shown_state: str
    can_get_code: bool
    can_submit: bool
    is_late: bool


@dataclass(frozen=True)
class TaskFacts:
    """Everything that Task Details tells."""

    promotion: Promotion
    terms: PromotionTerms
    is_over: bool
    can_apply: bool
    example: Example | None
    hold_days: int
    products: Sequence[Product]
    more_products: int
    categories: Sequence[Category]
    budget_left_minor: int | None
    uses_left: int | None
    work: Work | None


def listed(at: datetime, affiliate: Affiliate) -> QuerySet[Task]:
    """Tasks to find, each with `is_taken` (by this affiliate)."""
    taken = Assignment.objects.of(affiliate).filter(task=OuterRef("pk"))
    return (
        Task.objects.listed(at)
        .select_related("store", "promotion__terms")
        .annotate(is_taken=Exists(taken))
    )


def assignments_of(affiliate: Affiliate, at: datetime) -> QuerySet[Assignment]:
    """An affiliate's assignments with `shown_state`: what they are, or ended with their code."""
    terms = "task__promotion__terms__"
    over = Q(task__promotion__status=Promotion.Status.CANCELLED) | Q(**{f"{terms}ends_at__lte": at})
    return (
        Assignment.objects.of(affiliate)
        .select_related("task__store", "task__promotion__terms")
        .prefetch_related(Prefetch("grants", CodeGrant.objects.select_related("code")))
        .annotate(
            shown_state=Case(
                When(over, then=Value(Assignment.State.ENDED.value)),
                default=F("state"),
                output_field=CharField(),
            )
        )
    )


def facts_of(task: Task, *, affiliate: Affiliate, at: datetime) -> TaskFacts:
    """All facts of one task for one affiliate. `task` comes with its store, promotion, terms."""
    promotion, terms = task.promotion, task.promotion.terms
    is_live = promotion.state(at) == Promotion.State.LIVE
    plan = agreements.Plans([task.store_id]).at(task.store_id, at)
    products = Product.objects.filter(store=task.store, ref__in=terms.products, is_active=True)
    categories = Category.objects.filter(ref__in=terms.categories).order_by("name")
    budget_left, uses_left = _left(promotion)
    return TaskFacts(
        promotion=promotion,
        terms=terms,
        is_over=promotion.state(at) in {Promotion.State.ENDED, Promotion.State.CANCELLED},
        can_apply=is_live and task.takes_applications(at),
        example=_example(task),
        hold_days=plan.hold_days,
        products=list(products.order_by("name")[:PRODUCTS_SHOWN]) if terms.products else [],
        more_products=max(0, len(terms.products) - PRODUCTS_SHOWN),
        categories=list(categories) if terms.categories else [],
        budget_left_minor=budget_left,
        uses_left=uses_left,
        work=_work(task, affiliate, at),
    )


def _work(task: Task, affiliate: Affiliate, at: datetime) -> Work | None:
    assignment = assignments_of(affiliate, at).filter(task=task).first()
    if assignment is None:
        return None
    codes = [grant.code for grant in assignment.grants.all()]
    names = _names_of_others(codes, affiliate)
    is_live = task.promotion.state(at) == Promotion.State.LIVE
    most = MOST_CODES if affiliate.is_agency else 1
    return Work(
        assignment=assignment,
        codes=[
            ShownCode(
                name=f"code-{number}",
                groups=groups(code.code),
                works=is_live and code.revoked_at is None,
                holder=names.get(code.holder_id, ""),
            )
            for number, code in enumerate(codes, start=1)
        ],
        submissions=list(assignment.submissions.all()),
        shown_state=assignment.shown_state,  # type: ignore[attr-defined]
        can_get_code=is_live and len(codes) < most,
        can_submit=bool(codes) and assignment.state in OPEN_FOR_CONTENT,
        is_late=task.submission_due_at is not None and task.submission_due_at <= at,
    )


def _names_of_others(codes: Sequence[PromoCode], affiliate: Affiliate) -> dict[int | None, str]:
    others = {code.holder_id for code in codes} - {affiliate.user_id}
    if not others:
        return {}
    people = Affiliate.objects.filter(user__in=others).select_related("user__profile")
    return {person.user_id: shown_name(person) or str(person.user) for person in people}


def _example(task: Task) -> Example | None:
    if task.rate_bp is None:
        return None
    return example(currency=task.currency, rate_bp=task.rate_bp)


def _left(promotion: Promotion) -> tuple[int | None, int | None]:
    """What the promotion may still give: budget in minor units, uses; None is unlimited."""
    if not promotion.is_limited:
        return None, None
    sums = PromotionCounter.objects.filter(promotion=promotion).aggregate(
        budget=Sum(F("budget_minor") - F("spent_minor")), uses=Sum(F("quota") - F("taken"))
    )
    return sums["budget"], sums["uses"]
