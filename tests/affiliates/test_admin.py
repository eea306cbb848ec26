"""The operations site: people, plans, the queue of withdrawals, settlement, the ledger."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from affiliates import withdrawals
from affiliates.models import (
    Affiliate,
    AffiliatePlan,
    Commission,
    ParkedOrder,
    PayoutRule,
    SettlementRun,
    Transfer,
    Withdrawal,
)
from marketplace import clock
from marketplace.models import AuditEntry
from tests.factories.affiliates import (
    Shop,
    balance,
    derive,
    line,
    make_affiliate,
    make_agreement,
    make_balance,
    make_code,
    make_link,
    make_member,
    make_plan,
    make_rule,
)
from tests.factories.marketplace import make_staff, make_store, make_user
from tests.factories.promocodes import make_promotion

pytestmark = pytest.mark.django_db
LATER = datetime(2099, 1, 1, tzinfo=UTC)
MODELS = [
    "affiliate",
    "affiliateplan",
    "agreement",
    "attribution",
    "commission",
    "account",
    "transfer",
    "link",
    "parkedorder",
    "payoutbatch",
    "payoutrule",
    "rostermember",
    "settlementrun",
    "withdrawal",
]


@pytest.fixture(autouse=True)
def _proved(settings):
    """Staff without a second factor here; and money is where it must be in the end."""
    settings.OPS_SECOND_FACTOR = False
    yield
    ParkedOrder.objects.all().delete()
    call_command("verify_invariants", verbosity=0)


@pytest.fixture
def staff():
    """Somebody of operations."""
    return make_staff(language="en")


@pytest.fixture
def ops(staff):
    """Their browser."""
    return signed_in(staff)


@pytest.fixture
def anna():
    """An influencer with 1,000.00 available."""
    affiliate = make_affiliate(name="Anna")
    make_balance(affiliate=affiliate, amount_minor=100_000)
    return affiliate


def signed_in(user):
    """A browser of this user."""
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def ask(affiliate, amount=60_000):
    """A request of the affiliate's own."""
    return withdrawals.request(
        affiliate=affiliate, currency="RUB", amount_minor=amount, actor=affiliate.user
    )


def take(ops, act, rows, **fields):
    """An act on the queue: first it asks, then it does."""
    address = reverse("admin:affiliates_withdrawal_changelist")
    body = {"action": act, "_selected_action": [row.pk for row in rows], "select_across": "0"}
    asked = ops.post(address, body)
    if asked.status_code == 200:
        return asked, ops.post(address, body | {"confirmed": "1"} | fields, follow=True)
    return None, ops.get(address)


def said(response):
    """The messages that the page shows."""
    return [str(message) for message in response.context["messages"]]


@pytest.fixture
def everything(anna):
    """A row of everything."""
    make_rule()
    make_plan()
    agency = make_affiliate(kind="agency", name="Agency")
    make_member(agency=agency, influencer=anna)
    make_link(affiliate=anna, store=make_store())
    ParkedOrder.objects.create(
        order_ref="o-1", error="x", parked_at=clock.now(), retry_at=clock.now()
    )
    make_agreement(affiliate=agency, promotion=make_promotion())
    withdrawal = ask(anna)
    staff = make_staff()
    withdrawals.approve(withdrawal_id=withdrawal.pk, actor=staff)
    withdrawals.send(currency="RUB", actor=staff)


@pytest.mark.parametrize("model", MODELS)
def test_every_list_and_page_opens(everything, ops, model):
    address = reverse(f"admin:affiliates_{model}_changelist")
    response = ops.get(address)
    assert response.status_code == 200
    row = response.context["cl"].result_list[0]
    page = reverse(f"admin:affiliates_{model}_change", args=[row.pk])
    assert ops.get(page).status_code == 200
    assert ops.get(address, {"q": "nothing-like-this"}).status_code == 200


@pytest.mark.parametrize("model", MODELS)
def test_strangers_see_nothing(everything, model):
    address = reverse(f"admin:affiliates_{model}_changelist")
    assert signed_in(make_user()).get(address).status_code == 302


@pytest.mark.parametrize("model", [m for m in MODELS if m not in ("affiliateplan", "payoutrule")])
def test_nothing_is_added_changed_or_deleted_by_hand(everything, ops, model):
    row = ops.get(reverse(f"admin:affiliates_{model}_changelist")).context["cl"].result_list[0]
    assert ops.get(reverse(f"admin:affiliates_{model}_add")).status_code == 403
    assert ops.post(reverse(f"admin:affiliates_{model}_delete", args=[row.pk])).status_code == 403
    before = type(row).objects.filter(pk=row.pk).values().get()
    ops.post(reverse(f"admin:affiliates_{model}_change", args=[row.pk]), {"status": "approved"})
    assert type(row).objects.filter(pk=row.pk).values().get() == before


@pytest.mark.parametrize(
    ("model", "queries"), [("commission", 7), ("withdrawal", 7), ("transfer", 7), ("affiliate", 6)]
)
@pytest.mark.parametrize("count", [1, 3])
def test_lists_cost_the_same_however_long(ops, model, queries, count, django_assert_num_queries):
    for _ in range(count):
        affiliate = make_affiliate()
        make_balance(affiliate=affiliate, amount_minor=10_000)
        ask(affiliate, 1_000)
    address = reverse(f"admin:affiliates_{model}_changelist")
    ops.get(address)
    with django_assert_num_queries(queries):
        ops.get(address)


# --- People -----------------------------------------------------------------------------------


def test_an_account_is_approved_and_suspended_with_a_reason(ops, staff):
    affiliate = make_affiliate(status="new")
    approve = reverse("admin:affiliates_affiliate_approve", args=[affiliate.pk])
    suspend = reverse("admin:affiliates_affiliate_suspend", args=[affiliate.pk])
    assert ops.get(approve).status_code == 200
    affiliate.refresh_from_db()
    assert affiliate.status == "new", "looking changes nothing"
    ops.post(approve, {"_form_submitted": "on", "reason": "papers seen"})
    affiliate.refresh_from_db()
    assert affiliate.status == "approved"
    ops.post(suspend, {"_form_submitted": "on", "reason": ""})
    affiliate.refresh_from_db()
    assert affiliate.status == "approved", "without a reason nothing happens"
    ops.post(suspend, {"_form_submitted": "on", "reason": "fraud"})
    affiliate.refresh_from_db()
    assert affiliate.status == "suspended"
    rows = AuditEntry.objects.filter(target=f"affiliate {affiliate.pk}", actor=staff)
    assert list(rows.order_by("id").values_list("verb", "reason")) == [
        ("affiliate.approve", "papers seen"),
        ("affiliate.suspend", "fraud"),
    ]


# --- Plans and rules ------------------------------------------------------------------------------


def plan_body(store, rate_bp, starts_at):
    """The form of a plan."""
    return {
        "store": store.pk,
        "rate_bp": rate_bp,
        "hold_days": 15,
        "window_days": 30,
        "starts_at_0": f"{starts_at:%Y-%m-%d}",
        "starts_at_1": f"{starts_at:%H:%M:%S}",
    }


def test_a_cut_needs_thirty_days_and_a_raise_none(ops):
    store = make_store()
    make_plan(store=store, rate_bp=500)
    address = reverse("admin:affiliates_affiliateplan_add")
    now = clock.now()
    soon = now + timedelta(days=29)
    assert "30 days ahead" in ops.post(address, plan_body(store, 499, soon)).content.decode()
    assert AffiliatePlan.objects.count() == 1
    assert ops.post(address, plan_body(store, 600, now + timedelta(days=1))).status_code == 302
    assert ops.post(address, plan_body(store, 599, now + timedelta(days=40))).status_code == 302
    rates = AffiliatePlan.objects.order_by("starts_at").values_list("rate_bp", flat=True)
    assert list(rates) == [500, 600, 599]
    assert AuditEntry.objects.filter(verb="plan.set").count() == 2


def test_a_payout_rule_is_made_and_changed_on_record(ops):
    body = {
        "currency": "KZT",
        "minimum_minor": 100,
        "fee_minor": 5,
        "person_tax_bp": 1000,
        "two_persons_above_minor": 7,
        "arrival_days": 2,
    }
    assert ops.post(reverse("admin:affiliates_payoutrule_add"), body).status_code == 302
    page = reverse("admin:affiliates_payoutrule_change", args=["KZT"])
    assert ops.post(page, body | {"currency": "USD", "fee_minor": 6}).status_code == 302
    rule = PayoutRule.objects.get()
    assert (rule.currency, rule.fee_minor) == ("KZT", 6)
    entries = AuditEntry.objects.filter(verb="payout_rule.put").order_by("id")
    assert [entry.after["fee_minor"] for entry in entries] == [5, 6]


# --- The queue ------------------------------------------------------------------------------------


def test_the_queue_from_request_to_paid(ops, staff, anna):
    make_rule()
    rows = [ask(anna, 40_000), ask(anna, 50_000)]
    asked, done = take(ops, "approve", rows, reason="ok")
    assert asked.context["count"] == 2
    assert asked.context["sums"] == [("RUB", 90_000)]
    assert said(done) == ["2 withdrawals: done."]
    take(ops, "send", rows, reason="")
    take(ops, "paid", rows[:1], reason="")
    take(ops, "failed", rows[1:], reason="No such account")
    states = dict(Withdrawal.objects.values_list("amount_minor", "state"))
    assert states == {40_000: "paid", 50_000: "failed"}
    assert balance(anna, "available") == 60_000


def test_asking_changes_nothing_and_a_refusal_needs_a_reason(ops, anna):
    row = ask(anna)
    address = reverse("admin:affiliates_withdrawal_changelist")
    body = {"action": "reject", "_selected_action": [row.pk], "select_across": "0"}
    assert ops.post(address, body).status_code == 200
    assert ops.post(address, body | {"confirmed": "1", "reason": " "}).status_code == 200
    row.refresh_from_db()
    assert row.state == "requested"
    ops.post(address, body | {"confirmed": "1", "reason": "Wrong name"})
    row.refresh_from_db()
    assert (row.state, row.reason) == ("rejected", "Wrong name")


def test_ones_own_request_and_the_second_person_are_said(ops, staff, anna):
    make_rule(two_persons_above_minor=10_000)
    own = withdrawals.request(affiliate=anna, currency="RUB", amount_minor=5_000, actor=staff)
    large = ask(anna, 20_000)
    _, first = take(ops, "approve", [own, large], reason="")
    assert said(first) == [
        "1 withdrawal: done.",
        "1 × Whoever asked for a withdrawal can't approve it.",
    ]
    _, second = take(ops, "approve", [large], reason="")
    assert said(second) == ["1 × You have approved it; above this amount a second person must too."]
    take(signed_in(make_staff(language="en")), "approve", [large], reason="")
    large.refresh_from_db()
    assert large.state == "approved"


def test_what_is_in_another_state_is_left_out(ops, anna):
    row = ask(anna)
    asked, done = take(ops, "paid", [row], reason="")
    assert asked is None
    assert said(done) == ["None of these is in the state for that."]


def test_staff_without_the_permission_have_no_acts(anna):
    row = ask(anna)
    looker = make_user(is_staff=True)
    take(signed_in(looker), "approve", [row], reason="")
    row.refresh_from_db()
    assert row.state == "requested"


def test_the_bank_file_holds_what_is_still_to_be_paid(ops, staff, anna):
    make_rule()
    rows = [ask(anna, 40_000), ask(anna, 50_001)]
    for row in rows:
        withdrawals.approve(withdrawal_id=row.pk, actor=staff)
    batch = withdrawals.send(currency="RUB", actor=staff)
    withdrawals.mark_failed(withdrawal_id=rows[0].pk, actor=staff, reason="x")
    response = ops.get(reverse("admin:affiliates_payoutbatch_bank_file", args=[batch.pk]))
    body = b"".join(response.streaming_content).decode("utf-8-sig")
    header, *lines = body.strip().splitlines()
    assert header == "reference,holder,bank_code,account,amount,currency"
    (only,) = lines
    account = rows[1].method.account_number
    assert only == f"{rows[1].pk},Anna,044525225,{account},500.01,RUB"


# --- Settlement and the books ---------------------------------------------------------------------


def test_a_run_is_previewed_and_started(ops, staff):
    affiliate, store = make_affiliate(), make_store()
    code = make_code(affiliate=affiliate, promotion=make_promotion(store=store))
    at = clock.now() - timedelta(days=20)
    Shop().sell("o1", line(store), at=at, codes=[code])
    derive("o1")
    address = reverse("admin:affiliates_settlementrun_preview")
    (preview,) = ops.get(address).context["previews"]
    assert (preview.count, preview.amount_minor) == (1, 40_000)
    assert not SettlementRun.objects.exists()
    assert said(ops.post(address, follow=True)) == ["1 commission is released."]
    assert Commission.objects.get().state == "available"
    assert AuditEntry.objects.get(verb="settlement.run").actor == staff
    assert ops.get(address).context["previews"] == []


def test_the_trial_balance_proves_itself(ops, anna):
    address = reverse("admin:affiliates_account_trial")
    plain = ops.get(address)
    assert plain.context["proofs"] is None
    rows = {row.kind: row.balance_minor for row in plain.context["rows"]}
    assert rows == {
        "affiliate_available": 100_000,
        "affiliate_pending": 0,
        "seller_receivable": 100_000,
    }
    proofs = ops.get(address, {"prove": "1"}).context["proofs"]
    assert [broken for _, broken in proofs] == [[], [], [], [], []]


def test_transfers_are_found_by_account_and_by_key(ops, anna):
    address = reverse("admin:affiliates_transfer_changelist")
    pk = Commission.objects.get().pk
    for term, kinds in (
        (f"affiliate_available:{anna.pk}:RUB", ["release"]),
        (f"accrue:{pk}", ["accrue"]),
        ("release:", ["release"]),
        ("nothing", []),
    ):
        rows = ops.get(address, {"q": term}).context["cl"].result_list
        assert [row.kind for row in rows] == kinds
    assert Transfer.objects.count() == 2


def test_commissions_are_found_by_order_and_by_person(ops, anna):
    address = reverse("admin:affiliates_commission_changelist")
    own = Commission.objects.get()
    for term, found in ((own.order_ref, 1), (anna.user.email.upper(), 1), ("nobody", 0)):
        assert len(ops.get(address, {"q": term}).context["cl"].result_list) == found
    assert Affiliate.objects.count() == 1


def test_a_parked_order_says_what_to_do_and_is_tried_again_by_a_button(ops):
    parked = ParkedOrder.objects.create(
        order_ref="mugs/o-1", error="Broken('x')", parked_at=clock.now(), retry_at=LATER
    )
    page = ops.get(reverse("admin:affiliates_parkedorder_change", args=[parked.pk]))
    assert "Nothing is lost" in page.content.decode()
    again = reverse("admin:affiliates_parkedorder_try_again", args=[parked.pk])
    assert ops.get(again).status_code == 200, "it asks first"
    assert ParkedOrder.objects.get().retry_at == LATER
    response = ops.post(again, follow=True)
    assert said(response) == ["It is tried again within seconds."]
    assert ParkedOrder.objects.get().retry_at <= clock.now()


def test_only_who_may_change_parked_orders_has_one_tried_again():
    parked = ParkedOrder.objects.create(
        order_ref="o-1", error="x", parked_at=clock.now(), retry_at=LATER
    )
    browser = signed_in(make_staff(is_superuser=False))
    address = reverse("admin:affiliates_parkedorder_try_again", args=[parked.pk])
    assert browser.post(address).status_code == 403
    assert ParkedOrder.objects.get().retry_at == LATER


def test_a_withdrawal_is_answered_from_its_own_page(ops, anna):
    withdrawal = ask(anna)
    page = reverse("admin:affiliates_withdrawal_change", args=[withdrawal.pk])
    asking = reverse("admin:affiliates_withdrawal_approve_this", args=[withdrawal.pk])
    assert asking in ops.get(page).text
    assert "Anna" in ops.get(page).text
    shown = ops.get(asking)
    assert str(withdrawal.pk) in shown.text
    withdrawal.refresh_from_db()
    assert withdrawal.state == Withdrawal.State.REQUESTED
    fields = {"action": "approve", "_selected_action": [withdrawal.pk], "confirmed": "1"}
    ops.post(reverse("admin:affiliates_withdrawal_changelist"), fields | {"reason": "ok"})
    withdrawal.refresh_from_db()
    assert withdrawal.state == Withdrawal.State.APPROVED
    assert asking not in ops.get(page).text
    assert ops.get(asking).status_code == 403
