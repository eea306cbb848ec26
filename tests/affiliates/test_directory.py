"""Affiliates: joined once, approved and suspended on record."""

import pytest

from affiliates import directory
from affiliates.models import Affiliate, PayoutMethod
from marketplace.models import AuditEntry
from tests.factories.affiliates import make_affiliate
from tests.factories.marketplace import make_staff, make_user

pytestmark = pytest.mark.django_db


def test_joining_twice_is_joining_once():
    user = make_user()
    first = directory.join(user=user, kind="individual")
    assert directory.join(user=user, kind="individual") == first
    assert (first.status, first.can_work) == ("new", True)


def test_nobody_is_both():
    user = make_user()
    directory.join(user=user, kind="agency")
    with pytest.raises(directory.AlreadyJoined):
        directory.join(user=user, kind="individual")
    assert Affiliate.objects.get().kind == "agency"


def test_a_kind_that_there_is_not_joins_nobody():
    with pytest.raises(ValueError, match="boss"):
        directory.join(user=make_user(), kind="boss")
    assert not Affiliate.objects.exists()


def test_each_change_of_standing_is_on_record():
    affiliate, staff = make_affiliate(status="new"), make_staff()
    directory.approve(affiliate_id=affiliate.pk, actor=staff)
    with pytest.raises(directory.WrongStatus):
        directory.approve(affiliate_id=affiliate.pk, actor=staff)
    directory.suspend(affiliate_id=affiliate.pk, actor=staff, reason="fraud")
    affiliate.refresh_from_db()
    assert not affiliate.can_work
    rows = AuditEntry.objects.filter(target=f"affiliate {affiliate.pk}", actor=staff)
    assert [(row.before, row.after, row.reason) for row in rows.order_by("id")] == [
        ({"status": "new"}, {"status": "approved"}, ""),
        ({"status": "approved"}, {"status": "suspended"}, "fraud"),
    ]


def test_a_new_bank_account_replaces_the_old_and_shows_its_end_only():
    affiliate = make_affiliate()
    directory.set_payout_method(
        affiliate=affiliate,
        holder_name="Anna",
        bank_code="044525225",
        account_number="40817810500000012345",
        actor=affiliate.user,
    )
    assert PayoutMethod.objects.filter(is_active=True).count() == 1
    assert PayoutMethod.objects.count() == 2
    entry = AuditEntry.objects.filter(verb="affiliate.payout_method").latest("id")
    assert entry.after == {"account": "…2345"}
