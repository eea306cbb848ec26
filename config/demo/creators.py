"""The demo's influencers and agency: what they took, posted, earned and withdrew."""

from collections.abc import Mapping
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from affiliates import directory, ledger, roster, withdrawals
from affiliates.models import Account, Affiliate, PayoutMethod, RosterMember, Withdrawal
from config.demo.goods import CURRENCY
from marketplace.models import Category, User
from promocodes.models import PromoCode, Promotion
from tasks import assignments, submissions
from tasks.models import Assignment, Submission

ACCOUNTS = {"individual": "40817810500000012345", "agency": "40702810900000067890"}


def joined(*, user: User, kind: str, tax_status: str, ops: User) -> Affiliate:
    """An affiliate whom operations has checked, with a bank account."""
    with transaction.atomic():
        affiliate = directory.join(user=user, kind=kind, tax_status=tax_status)
    if affiliate.status == Affiliate.Status.NEW:
        directory.approve(affiliate_id=affiliate.pk, actor=ops)
    if not PayoutMethod.objects.filter(affiliate=affiliate).exists():
        directory.set_payout_method(
            affiliate=affiliate,
            holder_name=user.profile.name,
            bank_code="044525225",
            account_number=ACCOUNTS[kind],
            actor=user,
        )
    affiliate.refresh_from_db()
    return affiliate


def write_about(affiliate: Affiliate, refs: list[str]) -> None:
    """The affiliate hears of new codes in these categories."""
    directory.set_interests(
        affiliate=affiliate,
        categories=list(Category.objects.filter(ref__in=refs)),
        wants_letters=True,
        actor=affiliate.user,
    )


def sign(agency: Affiliate, influencer: Affiliate) -> None:
    """The agency invites an influencer, who accepts: a fifth of the commission is the agency's."""
    if RosterMember.objects.filter(agency=agency, influencer=influencer).exists():
        return
    email = influencer.user.email or ""
    known = RosterMember.objects.filter(agency=agency, email=email).first()
    member = known or roster.invite(agency=agency, email=email, share_bp=2_000, actor=agency.user)
    roster.accept(member_id=member.pk, influencer=influencer)


def codes_of(
    affiliate: Affiliate, deals: Mapping[str, Promotion], words: list[str], *, total: int = 1
) -> dict[str, list[PromoCode]]:
    """Apply for the tasks of these deals and get the codes, by the deal's word."""
    found = {}
    for word in words:
        assignment = assignments.apply(task_id=deals[word].tasks.get().pk, affiliate=affiliate)
        found[word] = list(
            assignments.get_codes(assignment_id=assignment.pk, affiliate=affiliate, total=total)
        )
    return found


def post(affiliate: Affiliate, promotion: Promotion, url: str, *, answer: str | None) -> None:
    """Hand in a post; the seller answers: "" approves, words ask for changes, None waits."""
    assignment = Assignment.objects.select_related("task__store").get(
        affiliate=affiliate, task__promotion=promotion
    )
    if Submission.objects.filter(assignment=assignment).exists():
        return
    content = submissions.submit(
        assignment_id=assignment.pk,
        affiliate=affiliate,
        url=url,
        posted_on=timezone.localdate() - timedelta(days=1),
    )
    store = assignment.task.store
    seller = store.members.select_related("user").earliest("pk").user
    if answer:
        submissions.ask_for_changes(
            submission_id=content.pk, store=store, actor=seller, reason=answer
        )
    elif answer is not None:
        submissions.approve(submission_id=content.pk, store=store, actor=seller)


def withdraw(affiliate: Affiliate, *, ops: User) -> None:
    """A third of what is available goes to the bank and is paid; a quarter of the rest waits."""
    if Withdrawal.objects.filter(affiliate=affiliate).exists():
        return
    paid = _ask(affiliate, _available(affiliate) // 3)
    withdrawals.approve(withdrawal_id=paid.pk, actor=ops)
    withdrawals.send(currency=CURRENCY, actor=ops, withdrawal_ids=[paid.pk])
    withdrawals.mark_paid(withdrawal_id=paid.pk, actor=ops)
    _ask(affiliate, _available(affiliate) // 2)


def _ask(affiliate: Affiliate, amount_minor: int) -> Withdrawal:
    roubles = amount_minor // 10_000 * 10_000
    return withdrawals.request(
        affiliate=affiliate, currency=CURRENCY, amount_minor=roubles, actor=affiliate.user
    )


def _available(affiliate: Affiliate) -> int:
    place = ledger.of_affiliate(Account.Kind.AFFILIATE_AVAILABLE, affiliate, CURRENCY)
    return ledger.balance_minor(place)
