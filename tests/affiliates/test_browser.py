"""The creators' pages in a real browser: on a phone and a desk, in three languages, without
scripts."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from affiliates import settlement, withdrawals
from affiliates.models import Affiliate, Commission, Withdrawal
from marketplace import clock
from tests.browser import assert_accessible, assert_fits, sign_in
from tests.factories.affiliates import (
    Shop,
    derive,
    line,
    make_affiliate,
    make_code,
    make_member,
    make_rule,
)
from tests.factories.marketplace import make_staff, make_store, make_user
from tests.factories.promocodes import make_promotion

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def anna():
    """An influencer with commissions in every state and withdrawals in several."""
    make_rule(minimum_minor=10_000, fee_minor=1_000)
    anna = make_affiliate(name="Анна Смирнова", tax_status="person")
    store = make_store(name="Чайная лавка «Северное сияние»")
    code = make_code(affiliate=anna, promotion=make_promotion(store=store))
    shop, now = Shop(), clock.now()
    refs = [f"SF-{number}" for number in range(5)]
    for number, ref in enumerate(refs):
        shopper = {"ref": anna.user.ref if number == 4 else "buyer"}
        at = now - timedelta(days=2 if number == 3 else 40)
        shop.sell(ref, line(store), at=at, codes=[code], shopper=shopper)
    derive(*refs)
    settlement.release_due()
    ops = make_staff()
    first = withdrawals.request(
        affiliate=anna, currency="RUB", amount_minor=40_000, actor=anna.user
    )
    withdrawals.approve(withdrawal_id=first.pk, actor=ops)
    withdrawals.send(currency="RUB", actor=ops)
    withdrawals.mark_paid(withdrawal_id=first.pk, actor=ops)
    second = withdrawals.request(
        affiliate=anna, currency="RUB", amount_minor=10_000, actor=anna.user
    )
    withdrawals.reject(withdrawal_id=second.pk, actor=ops, reason="Счёт закрыт")
    shop.refund("SF-2", at=now)
    derive("SF-2")
    return anna


def addresses(affiliate):
    """Every page that an affiliate has."""
    names = ("earnings", "withdraw", "withdrawals", "statements", "account")
    pages = [reverse(f"affiliates:{name}") for name in names]
    pages.append(reverse("affiliates:roster" if affiliate.is_agency else "affiliates:invitations"))
    lines = Commission.objects.filter(beneficiary=affiliate).order_by("pk")
    return pages + [reverse("affiliates:line", args=[row.pk]) for row in lines]


def test_every_page_is_accessible_and_fits(reader_page, anna):
    language, page = reader_page
    anna.user.language = language
    anna.user.save()
    sign_in(page, anna.user)
    now = clock.now()
    statement = f"/creators/statements/RUB/{now.year}-{now.month}/"
    for address in (*addresses(anna), statement):
        page.goto(address)
        assert_accessible(page)
        assert_fits(page)


def test_empty_pages_and_the_agencys_are_accessible_and_fit(browser_page):
    agency = make_affiliate(kind="agency", name="Агентство")
    member = make_affiliate(name="Вера")
    make_member(agency=agency, influencer=member, email=member.user.email)
    make_member(
        agency=agency, influencer=None, email="very.long.address@example.com", state="invited",
        joined_at=None,
    )  # fmt: skip
    sign_in(browser_page, agency.user)
    for address in addresses(agency):
        browser_page.goto(address)
        assert_accessible(browser_page)
        assert_fits(browser_page)


def test_joining_on_a_phone_without_scripts(no_js_page):
    user = make_user()
    sign_in(no_js_page, user)
    no_js_page.goto("/creators/")
    no_js_page.locator("main a.btn-primary").click()
    no_js_page.locator("input[name=kind][value=agency]").check()
    no_js_page.locator("input[name=terms]").check()
    no_js_page.locator("main button.btn-primary").click()
    expect(no_js_page).to_have_url(re.compile("/creators/earnings/$"))
    assert Affiliate.objects.get(user=user).kind == "agency"


def test_withdrawing_on_a_phone_without_scripts(no_js_page, anna):
    sign_in(no_js_page, anna.user)
    no_js_page.goto("/creators/earnings/")
    no_js_page.locator("header a.btn-primary").click()
    no_js_page.locator("#id_amount").fill("150,50")
    no_js_page.locator("form[method=get] button").click()
    no_js_page.locator("form[method=post] button.btn-primary").click()
    expect(no_js_page).to_have_url(re.compile("/creators/withdrawals/$"))
    asked = Withdrawal.objects.get(state="requested")
    assert (asked.amount_minor, asked.tax_minor, asked.fee_minor) == (15_050, 1_957, 1_000)
