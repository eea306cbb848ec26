"""Payout rules: set by operations, each change on record."""

from django.db import transaction
from django.forms.models import model_to_dict

from affiliates.models import PayoutRule
from marketplace import audit
from marketplace.models import User


@transaction.atomic
def put(
    *,
    currency: str,
    minimum_minor: int,
    fee_minor: int,
    person_tax_bp: int,
    two_persons_above_minor: int,
    arrival_days: int,
    actor: User,
) -> PayoutRule:
    """Make or replace the rule of a currency; amounts in minor units, tax in basis points.

    Withdrawals that were asked for keep the rule of their time.
    """
    before = PayoutRule.objects.select_for_update().filter(pk=currency).first()
    rule, _created = PayoutRule.objects.update_or_create(
        currency=currency,
        defaults={
            "minimum_minor": minimum_minor,
            "fee_minor": fee_minor,
            "person_tax_bp": person_tax_bp,
            "two_persons_above_minor": two_persons_above_minor,
            "arrival_days": arrival_days,
        },
    )
    audit.record(
        actor=actor,
        verb="payout_rule.put",
        target=f"payout rule {currency}",
        before=model_to_dict(before) if before else None,
        after=model_to_dict(rule),
    )
    return rule
