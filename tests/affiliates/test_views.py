"""The creators' pages over HTTP: what they show, what they do, who may see it."""

from datetime import timedelta

import pytest
from django.core import mail
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from affiliates import settlement, withdrawals
from affiliates.models import Affiliate, Commission, PayoutMethod, RosterMember, Withdrawal
from marketplace import clock
from marketplace.money import format_money
from tests.factories.affiliates import (
    Shop,
    balance,
    derive,
    line,
    make_affiliate,
    make_balance,
    make_click,
    make_code,
    make_link,
    make_rule,
)
from tests.factories.marketplace import make_staff, make_store, make_user
from tests.factories.promocodes import make_promotion

pytestmark = pytest.mark.django_db
PAGES = ["earnings", "withdraw", "withdrawals", "statements", "account", "invitations"]


@pytest.fixture(autouse=True)
def _proved():
    """Whatever a page did, money is where it must be."""
    yield
    call_command("verify_invariants", verbosity=0)


@pytest.fixture
def anna():
    """An approved influencer, who reads English."""
    affiliate = make_affiliate(name="Anna")
    affiliate.user.language = "en"
    affiliate.user.save()
    return affiliate


def as_(person):
    """A browser in which this user or affiliate is signed in, in English."""
    client = Client(headers={"Accept-Language": "en"})
    user = person.user if isinstance(person, Affiliate) else person
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def sell(affiliate, ref="o1", *, days_ago=20, price=500_000, **facts):
    """An order that the affiliate's new code brought; 8 % of it."""
    store = make_store(name="Mugs")
    code = make_code(affiliate=affiliate, promotion=make_promotion(store=store))
    shop = Shop()
    at = clock.now() - timedelta(days=days_ago)
    shop.sell(ref, line(store, price=price), at=at, codes=[code], **facts)
    derive(ref)
    return shop


def roubles(amount_minor):
    """An amount as an English reader sees it."""
    return format_money(amount_minor, "RUB", "en").replace("\u00a0", " ")


def text(response):
    """The page as a reader sees its spaces."""
    return " ".join(response.content.decode().replace("\u00a0", " ").split())


# --- Joining ----------------------------------------------------------------------------------


def test_a_stranger_sees_what_it_is_about_and_a_way_in():
    response = Client(headers={"Accept-Language": "en"}).get("/creators/")
    assert "Your word sells" in text(response)
    assert reverse("affiliates:join") in text(response)


def test_joining_takes_one_form_and_goes_on_where_one_was_heading():
    user = make_user()
    client = as_(user)
    response = client.get("/creators/withdraw/?currency=RUB")
    assert response.status_code == 302
    form_page = response["Location"]
    assert form_page == "/creators/join/?next=%2Fcreators%2Fwithdraw%2F%3Fcurrency%3DRUB"
    response = client.post(
        form_page, {"kind": "individual", "tax_status": "self_employed", "terms": "on"}
    )
    assert response["Location"] == "/creators/withdraw/?currency=RUB"
    affiliate = Affiliate.objects.get(user=user)
    assert (affiliate.kind, affiliate.status, affiliate.tax_status, affiliate.terms_version) == (
        "individual",
        "new",
        "self_employed",
        1,
    )
    assert client.get("/creators/join/").status_code == 302


@pytest.mark.parametrize(
    "body",
    [
        {"kind": "individual", "tax_status": "person"},
        {"kind": "boss", "tax_status": "person", "terms": "on"},
        {"kind": "agency", "tax_status": "none", "terms": "on"},
        {},
    ],
)
def test_a_wrong_form_joins_nobody(body):
    response = as_(make_user()).post("/creators/join/", body)
    assert response.status_code == 200
    assert not Affiliate.objects.exists()


def test_joining_never_leads_out_of_the_house():
    response = as_(make_user()).post(
        "/creators/join/?next=https://evil.example/",
        {"kind": "agency", "tax_status": "company", "terms": "on"},
    )
    assert response["Location"] == "/creators/earnings/"


@pytest.mark.parametrize("page", PAGES)
def test_guests_are_led_to_sign_in_and_others_to_join(page):
    address = reverse(f"affiliates:{page}")
    assert Client().get(address)["Location"].startswith("/accounts/login/?next=/creators/")
    assert as_(make_user()).get(address)["Location"].startswith("/creators/join/?next=")


@pytest.mark.parametrize("page", PAGES)
def test_an_empty_page_says_what_comes(anna, page):
    response = as_(anna).get(reverse(f"affiliates:{page}"))
    assert response.status_code == 200


# --- Earnings ---------------------------------------------------------------------------------


def test_earnings_show_five_balances_and_the_lines(anna):
    sell(anna, "o1", days_ago=20)
    sell(anna, "o2", days_ago=1)
    settlement.release_due()
    shown = text(as_(anna).get("/creators/earnings/"))
    assert roubles(40_000) in shown
    assert "o1" in shown
    assert "o2" in shown
    release = Commission.objects.get(order_ref="o2").release_at
    assert timezone.localtime(release).isoformat() in shown


def test_nobody_sees_anothers_money(anna):
    sell(anna)
    mallory = as_(make_affiliate(name="Mallory"))
    line_page = reverse("affiliates:line", args=[Commission.objects.get().pk])
    assert as_(anna).get(line_page).status_code == 200
    assert mallory.get(line_page).status_code == 404
    assert "o1" not in text(mallory.get("/creators/earnings/"))


def test_a_line_tells_its_whole_story(anna):
    shop = sell(anna, "o1", price=500_000)
    settlement.release_due()
    shop.refund("o1", at=clock.now())
    derive("o1")
    commission = Commission.objects.get()
    shown = text(as_(anna).get(reverse("affiliates:line", args=[commission.pk])))
    for words in ("8%", roubles(500_000), "was used on this line", "Commission earned"):
        assert words in shown
    assert "Commission taken back for a return" in shown


def test_a_trace_does_not_name_other_influencers(anna):
    boris = make_affiliate(name="Boris")
    store = make_store()
    code = make_code(affiliate=anna, promotion=make_promotion(store=store))
    link = make_link(affiliate=boris, store=store)
    click = make_click(link=link, at=clock.now() - timedelta(days=2))
    Shop().sell("o1", line(store), at=clock.now(), codes=[code], click_id=click.ref)
    derive("o1")
    shown = text(as_(anna).get(reverse("affiliates:line", args=[Commission.objects.get().pk])))
    assert code in shown
    assert "a code beats a link" in shown
    for secret in (str(boris.pk), link.pk, click.token):
        assert secret not in shown


@pytest.mark.parametrize("count", [1, 3])
def test_the_lists_cost_the_same_however_long(anna, count, django_assert_num_queries):
    for number in range(count):
        sell(anna, f"o{number}", days_ago=20)
    settlement.release_due()
    make_rule(minimum_minor=1)
    for _ in range(count):
        withdrawals.request(affiliate=anna, currency="RUB", amount_minor=100, actor=anna.user)
    client = as_(anna)
    with django_assert_num_queries(9):
        client.get("/creators/earnings/")
    with django_assert_num_queries(4):
        client.get("/creators/withdrawals/")
    month = timezone.localtime()
    with django_assert_num_queries(7):
        client.get(f"/creators/statements/RUB/{month.year}-{month.month}/")


def test_lines_come_in_pages_newest_orders_first(anna):
    store = make_store()
    code = make_code(affiliate=anna, promotion=make_promotion(store=store))
    shop, now = Shop(), clock.now()
    refs = [f"order-{number:02}" for number in range(23)]
    for number, ref in enumerate(refs):
        at = now - timedelta(days=number // 2)  # two orders share an instant
        shop.sell(ref, line(store), at=at, codes=[code])
    derive(*refs)
    client = as_(anna)
    first = client.get("/creators/earnings/")
    rows = [each.order_ref for each in first.context["page"].lines]
    second = client.get(f"/creators/earnings/?before={first.context['page'].next_before}")
    rows += [each.order_ref for each in second.context["page"].lines]
    assert len(rows) == 23
    assert sorted(rows) == refs
    times = list(
        Commission.objects.order_by("-ordered_at", "-id").values_list("order_ref", flat=True)
    )
    assert rows == times
    assert second.context["page"].next_before is None


@pytest.mark.parametrize(
    "query", ["before=x", "before=", "state=nothing", "currency=XXX", "before=1"]
)
def test_odd_queries_show_the_plain_page(anna, query):
    sell(anna)
    response = as_(anna).get(f"/creators/earnings/?{query}")
    assert response.status_code == 200
    assert "o1" in text(response)


def test_a_state_narrows_the_lines(anna):
    sell(anna, "held", days_ago=1)
    sell(anna, "free", days_ago=20)
    settlement.release_due()
    shown = as_(anna).get("/creators/earnings/?state=pending").context["page"].lines
    assert [each.order_ref for each in shown] == ["held"]


# --- Withdraw ---------------------------------------------------------------------------------


def test_the_offer_is_shown_before_and_the_request_holds_the_money(anna):
    make_rule(minimum_minor=1_000, fee_minor=2_000)
    make_balance(affiliate=anna, amount_minor=100_000)
    client = as_(anna)
    shown = text(client.get("/creators/withdraw/?amount=500"))
    assert roubles(48_000) in shown
    assert not Withdrawal.objects.exists(), "looking changes nothing"
    response = client.post("/creators/withdraw/?currency=RUB", {"amount": "500,00"})
    assert response["Location"] == "/creators/withdrawals/"
    withdrawal = Withdrawal.objects.get()
    assert (withdrawal.amount_minor, withdrawal.net_minor) == (50_000, 48_000)
    assert (balance(anna, "available"), balance(anna, "reserved")) == (50_000, 50_000)


@pytest.mark.parametrize(
    "amount", ["", "0", "-5", "1e3", "abc", "1.234", "nan", "99999999999999999999", "1 000,001"]
)
def test_an_odd_amount_is_refused_and_nothing_moves(anna, amount):
    make_balance(affiliate=anna, amount_minor=100_000)
    response = as_(anna).post("/creators/withdraw/", {"amount": amount})
    assert response.status_code == 422
    assert not Withdrawal.objects.exists()


def test_too_much_is_refused_in_words(anna):
    make_balance(affiliate=anna, amount_minor=100_000)
    response = as_(anna).post("/creators/withdraw/", {"amount": "1000.01"})
    assert response.status_code == 422
    assert "The available balance is less than that." in text(response)
    assert not Withdrawal.objects.exists()


def test_what_is_withdrawn_is_the_currency_that_was_shown(anna):
    """Another one, in which money came since, may stand first in the list by now."""
    make_rule()
    make_balance(affiliate=anna, amount_minor=100_000)
    client = as_(anna)
    form = client.get("/creators/withdraw/").content.decode().partition('method="post"')[2]
    assert '<input type="hidden" name="currency" value="RUB">' in form
    store = make_store(currency="AED")
    code = make_code(affiliate=anna, promotion=make_promotion(store=store))
    at = clock.now() - timedelta(days=20)
    Shop().sell("dirhams", line(store), at=at, currency="AED", codes=[code])
    derive("dirhams")
    settlement.release_due()
    client.post("/creators/withdraw/", {"amount": "300", "currency": "RUB"})
    assert Withdrawal.objects.get().currency == "RUB"


def test_what_stands_in_the_way_is_said(anna):
    make_balance(affiliate=anna, amount_minor=100_000)
    Affiliate.objects.update(status="new")
    PayoutMethod.objects.update(is_active=False)
    shown = text(as_(anna).get("/creators/withdraw/"))
    assert "yours is not approved yet" in shown
    assert reverse("affiliates:account") in shown


def test_one_cancels_ones_own_request_only(anna):
    make_balance(affiliate=anna, amount_minor=100_000)
    withdrawal = withdrawals.request(
        affiliate=anna, currency="RUB", amount_minor=50_000, actor=anna.user
    )
    address = reverse("affiliates:cancel", args=[withdrawal.pk])
    assert as_(make_affiliate()).post(address).status_code == 404
    assert as_(anna).get(address).status_code == 405
    withdrawal.refresh_from_db()
    assert withdrawal.state == "requested"
    assert as_(anna).post(address).status_code == 302
    withdrawal.refresh_from_db()
    assert withdrawal.state == "cancelled"
    shown = text(as_(anna).post(address, follow=True))
    assert "This withdrawal has moved on meanwhile." in shown


def test_a_rejection_shows_its_reason(anna):
    make_balance(affiliate=anna, amount_minor=100_000)
    withdrawal = withdrawals.request(
        affiliate=anna, currency="RUB", amount_minor=50_000, actor=anna.user
    )
    withdrawals.reject(
        withdrawal_id=withdrawal.pk, actor=make_staff(), reason="<b>Account closed</b>"
    )
    shown = text(as_(anna).get("/creators/withdrawals/"))
    assert "&lt;b&gt;Account closed&lt;/b&gt;" in shown


# --- Statements -------------------------------------------------------------------------------


def test_a_statement_opens_moves_and_closes(anna):
    make_balance(affiliate=anna, amount_minor=100_000)
    withdrawals.request(affiliate=anna, currency="RUB", amount_minor=30_000, actor=anna.user)
    month = timezone.localtime()
    client = as_(anna)
    page = client.get("/creators/statements/")
    address = f"/creators/statements/RUB/{month.year}-{month.month}/"
    assert address in text(page)
    response = client.get(f"{address}?format=csv")
    body = b"".join(response.streaming_content).decode("utf-8-sig")
    rows = [row.split(",") for row in body.strip().splitlines()]
    assert [row[3:5] for row in rows] == [
        ["Amount", "Balance"],
        ["", "0.00"],
        ["1000.00", "1000.00"],
        ["-300.00", "700.00"],
        ["", "700.00"],
    ]
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert roubles(70_000) in text(client.get(address))


@pytest.mark.parametrize("month", ["2026-13", "2026-0", "0-1", "99999-1", "10000000000-1"])
def test_a_month_that_no_calendar_has_is_not_found(anna, month):
    assert as_(anna).get(f"/creators/statements/RUB/{month}/").status_code == 404


# --- Account ----------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_the_bank_account_is_changed_and_the_old_one_kept_and_told_of(anna):
    before = PayoutMethod.objects.get()
    response = as_(anna).post(
        "/creators/account/bank/",
        {
            "holder_name": "Anna S",
            "bank_code": "deutdeff",
            "account_number": "DE89 3704 0044 0532 0130 00",
        },
    )
    assert response.status_code == 302
    kept = PayoutMethod.objects.order_by("id").values_list("account_number", "is_active")
    assert list(kept) == [(before.account_number, False), ("DE89370400440532013000", True)]
    (letter,) = mail.outbox
    assert letter.to == [anna.user.email]
    assert "…3000" in letter.body
    assert "DE89" not in letter.body


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("bank_code", "12345678"),
        ("bank_code", "=1+1"),
        ("account_number", "DE89370400440532013001"),
        ("account_number", "4081781000000000000"),
        ("holder_name", ""),
    ],
)
def test_an_account_that_no_bank_has_is_refused(anna, field, value):
    body = {
        "holder_name": "Anna",
        "bank_code": "044525225",
        "account_number": "40817810500000012345",
    } | {field: value}
    response = as_(anna).post("/creators/account/bank/", body)
    assert response.status_code == 422
    assert PayoutMethod.objects.count() == 1


def test_the_tax_status_is_changed(anna):
    assert as_(anna).post("/creators/account/tax/", {"tax_status": "person"}).status_code == 302
    assert Affiliate.objects.get().tax_status == "person"
    assert as_(anna).post("/creators/account/tax/", {"tax_status": "x"}).status_code == 422


# --- Roster -----------------------------------------------------------------------------------


def test_an_agency_invites_and_the_influencer_accepts(anna, django_capture_on_commit_callbacks):
    agency = make_affiliate(kind="agency", name="Agency")
    with django_capture_on_commit_callbacks(execute=True):
        response = as_(agency).post(
            "/creators/roster/", {"email": anna.user.email.upper(), "share": "12.5"}
        )
    assert response.status_code == 302
    assert mail.outbox[0].to == [anna.user.email]
    assert "/creators/invitations/" in mail.outbox[0].body
    member = RosterMember.objects.get()
    assert (member.state, member.share_bp, member.influencer) == ("invited", 1_250, None)
    client = as_(anna)
    assert "Agency invites you" in text(client.get("/creators/invitations/"))
    client.post(reverse("affiliates:invitation", args=[member.pk]), {"answer": "accept"})
    member.refresh_from_db()
    assert (member.state, member.influencer) == ("active", anna)
    assert "Anna" in text(as_(agency).get("/creators/roster/"))


def test_nobody_answers_anothers_invitation(anna):
    agency = make_affiliate(kind="agency", name="Agency")
    as_(agency).post("/creators/roster/", {"email": "vera@example.com", "share": "10"})
    member = RosterMember.objects.get()
    address = reverse("affiliates:invitation", args=[member.pk])
    for answer in ("accept", "decline"):
        assert as_(anna).post(address, {"answer": answer}).status_code == 404
    assert as_(anna).post(reverse("affiliates:roster-end", args=[member.pk])).status_code == 404
    member.refresh_from_db()
    assert member.state == "invited"


@pytest.mark.parametrize("who", ["agency", "influencer"])
def test_either_side_ends_it(anna, who):
    agency = make_affiliate(kind="agency", name="Agency")
    member = RosterMember.objects.create(
        agency=agency, influencer=anna, state="active", share_bp=100, joined_at=clock.now()
    )
    person = agency if who == "agency" else anna
    as_(person).post(reverse("affiliates:roster-end", args=[member.pk]))
    member.refresh_from_db()
    assert (member.state, member.left_at is not None) == ("left", True)


def test_an_invitation_is_open_once(anna):
    agency = as_(make_affiliate(kind="agency", name="Agency"))
    body = {"email": "vera@example.com", "share": "10"}
    assert agency.post("/creators/roster/", body).status_code == 302
    assert agency.post("/creators/roster/", body).status_code == 422
    assert RosterMember.objects.count() == 1


def test_an_influencer_has_no_roster(anna):
    assert as_(anna).get("/creators/roster/").status_code == 404
    response = as_(anna).post("/creators/roster/", {"email": "a@b.ru", "share": "1"})
    assert response.status_code == 404
    assert not RosterMember.objects.exists()


@pytest.mark.parametrize("share", ["101", "-1", "x", "1.234", ""])
def test_an_odd_share_invites_nobody(share):
    agency = as_(make_affiliate(kind="agency", name="Agency"))
    response = agency.post("/creators/roster/", {"email": "vera@example.com", "share": share})
    assert response.status_code == 422
    assert not RosterMember.objects.exists()
