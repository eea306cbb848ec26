"""Affiliates: who they are and how they stand.

    join → new → (ops) approved | suspended → approved

A new affiliate takes codes and earns at once; being approved is what the first withdrawal waits
for. A suspended one earns nothing new; what was earned stays.
"""

from collections.abc import Sequence
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from affiliates.models import Affiliate, PayoutMethod
from marketplace import audit, letters
from marketplace.models import Category, User

TERMS_VERSION = 1


class AlreadyJoined(Exception):
    """The user is an affiliate of the other kind."""

    code = "already_joined"
    message = _("You have joined already.")


class WrongStatus(Exception):
    """The affiliate's status doesn't allow this change any more."""

    code = "wrong_status"
    message = _("This account's status has changed meanwhile.")


def join(
    *,
    user: User,
    kind: str,
    tax_status: str = Affiliate.TaxStatus.PERSON,
    terms_version: int = TERMS_VERSION,
) -> Affiliate:
    """Make the user an influencer or an agency; joining again as the same kind changes nothing.

    Raises `AlreadyJoined` for the other kind. Inner verb: opens no transaction.
    """
    affiliate, _created = Affiliate.objects.get_or_create(
        user=user,
        defaults={
            "kind": Affiliate.Kind(kind),
            "tax_status": Affiliate.TaxStatus(tax_status),
            "terms_version": terms_version,
        },
    )
    if affiliate.kind != kind:
        raise AlreadyJoined
    return affiliate


@transaction.atomic
def approve(*, affiliate_id: UUID | str, actor: User, reason: str = "") -> None:
    """Let a new or suspended affiliate withdraw; raises `WrongStatus` if it is approved already."""
    _move(affiliate_id, actor, reason, to=Affiliate.Status.APPROVED, verb="affiliate.approve")


@transaction.atomic
def suspend(*, affiliate_id: UUID | str, actor: User, reason: str) -> None:
    """Stop new earnings and withdrawals; raises `WrongStatus` if it is suspended already."""
    _move(affiliate_id, actor, reason, to=Affiliate.Status.SUSPENDED, verb="affiliate.suspend")


@transaction.atomic
def set_tax_status(*, affiliate: Affiliate, tax_status: str, actor: User) -> None:
    """Change how tax is handled; holds for withdrawals asked from now on."""
    before = Affiliate.objects.select_for_update().get(pk=affiliate.pk).tax_status
    Affiliate.objects.filter(pk=affiliate.pk).update(tax_status=Affiliate.TaxStatus(tax_status))
    audit.record(
        actor=actor,
        verb="affiliate.tax_status",
        target=f"affiliate {affiliate.pk}",
        before={"tax_status": before},
        after={"tax_status": tax_status},
    )


@transaction.atomic
def set_interests(
    *, affiliate: Affiliate, categories: Sequence[Category], wants_letters: bool, actor: User
) -> None:
    """What the affiliate writes about, and whether to tell them of new codes in it (AM-08)."""
    row = Affiliate.objects.select_for_update().get(pk=affiliate.pk)
    before = row.wants_letters
    Affiliate.objects.filter(pk=row.pk).update(wants_letters=wants_letters)
    row.categories.set(categories)
    audit.record(
        actor=actor,
        verb="affiliate.interests",
        target=f"affiliate {affiliate.pk}",
        before={"wants_letters": before},
        after={"wants_letters": wants_letters, "categories": [each.ref for each in categories]},
    )


@transaction.atomic
def set_payout_method(
    *, affiliate: Affiliate, holder_name: str, bank_code: str, account_number: str, actor: User
) -> PayoutMethod:
    """Pay to this bank account from now on; withdrawals under way keep the old one.

    Who had another one hears of it by e-mail, since it may be somebody else who asks.
    """
    Affiliate.objects.select_for_update().get(pk=affiliate.pk)
    old = PayoutMethod.objects.filter(affiliate=affiliate, is_active=True)
    is_change = bool(old.update(is_active=False))
    method = PayoutMethod.objects.create(
        affiliate=affiliate,
        holder_name=holder_name,
        bank_code=bank_code,
        account_number=account_number,
    )
    audit.record(
        actor=actor,
        verb="affiliate.payout_method",
        target=f"affiliate {affiliate.pk}",
        after={"account": str(method)},
    )
    if is_change and affiliate.user.email:
        to, language, account = affiliate.user.email, affiliate.user.language, str(method)
        transaction.on_commit(lambda: _tell_of_account(to, language, account), robust=True)
    return method


def _tell_of_account(to: str, language: str, account: str) -> None:
    with translation.override(language):
        letters.send(
            subject=gettext("Your bank account was changed"),
            body=gettext(
                "From now on your withdrawals go to the account %(account)s.\n\n"
                "If it wasn't you who changed it, sign in, put the right account back, and write to"
                " support at once:\n%(url)s"
            )
            % {"account": account, "url": settings.SITE_URL + reverse("affiliates:account")},
            to=to,
        )


def _move(
    affiliate_id: UUID | str, actor: User, reason: str, *, to: Affiliate.Status, verb: str
) -> None:
    before = Affiliate.objects.select_for_update().get(pk=affiliate_id).status
    if before == to:
        raise WrongStatus
    Affiliate.objects.filter(pk=affiliate_id, status=before).update(status=to)
    audit.record(
        actor=actor,
        verb=verb,
        target=f"affiliate {affiliate_id}",
        reason=reason,
        before={"status": before},
        after={"status": to},
    )
