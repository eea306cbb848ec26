"""The whole story, through every floor, by the doors that people and servers use.

Anna joins the round (OK-01..09, OK-13, OK-14), ten friends accept, she gets her code and spends it
at the shop. A seller's code reaches an influencer by a task (AE-19, AE-25..28), sells, and pays
commission after the hold; part comes back, the rest is withdrawn; the ledger proves it (money.md).

A real web server, a real worker, a real beat, a real browser; only the days of the hold are
skipped, by moving the stored date.
"""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from django.core.management import call_command
from playwright.sync_api import Browser, Page, expect

from affiliates import withdrawals
from affiliates.models import Commission, Transfer, Withdrawal
from config import processes
from marketplace.models import Store, User
from promocodes.models import PromoCode
from referrals.models import Participation, Visit
from tasks import openings
from tasks.openings import Offer
from tests.browser import PHONE
from tests.factories import affiliates as affiliates_factory
from tests.factories import marketplace, referrals
from tests.programs import Program, granian

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SECONDS = 90  # for what a job does


class Shop:
    """The marketplace's server: a real HTTP client with a real key."""

    def __init__(self, url: str, secret: str) -> None:
        self.url = url
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {secret}"
        self.events = 0

    def post(self, path: str, body: Any, *, status: int) -> Any:
        """POST and return the parsed answer, which must have this status."""
        answer = self.session.post(f"{self.url}/api/v1{path}", json=body, timeout=30)
        assert answer.status_code == status, answer.text
        return answer.json()

    def put(self, path: str, body: Any) -> Any:
        """PUT and return the parsed answer."""
        answer = self.session.put(f"{self.url}/api/v1{path}", json=body, timeout=30)
        assert answer.status_code in {200, 201}, answer.text
        return answer.json()

    def get(self, path: str) -> Any:
        """GET and return the parsed answer."""
        answer = self.session.get(f"{self.url}/api/v1{path}", timeout=30)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def report(self, order_ref: str, kind: str, **members: Any) -> None:
        """Tell that something happened to an order."""
        self.events += 1
        event = {
            "event_id": f"{order_ref}.{self.events}",
            "order_ref": order_ref,
            "version": self.events,
            "type": kind,
            "occurred_at": datetime.now(UTC).isoformat(),
            "currency": "RUB",
        }
        self.post("/orders/events", event | members, status=202)


@pytest.fixture
def site(transactional_db: None, tmp_path: Any, start_worker: Any, beat: Any) -> Iterator[Program]:
    """Web, worker and beat; friends come from addresses of their own through a proxy."""
    start_worker(concurrency=1)
    with granian(tmp_path, TRUSTED_PROXIES="127.0.0.1") as program:
        yield program


@pytest.fixture
def visitor(browser: Browser, site: Program) -> Iterator[Callable[..., Page]]:
    """A new person with a phone of their own, from an address of their own."""
    contexts = []

    def make(number: int) -> Page:
        context = browser.new_context(
            base_url=site.url,
            viewport=PHONE,
            locale="en-US",
            user_agent=referrals.PHONE,  # a headless browser says so, and would have to wait
            extra_http_headers={
                "Accept-Language": "en",
                "X-Forwarded-For": f"203.{number}.113.{number}",
            },
        )
        context.add_cookies([{"name": "django_language", "value": "en", "url": site.url}])
        contexts.append(context)
        return context.new_page()

    yield make
    for context in contexts:
        context.close()


def eventually(check: Callable[[], Any], what: str) -> Any:
    """The first true value of `check`; fails when a job does not bring it about in time."""
    processes.wait_until(lambda: bool(check()), seconds=SECONDS, pause=0.2)
    value = check()
    assert value, f"no job has brought it about: {what}"
    return value


def test_a_friend_tells_a_friend_and_a_seller_is_told_of(site, visitor):
    """From the first click to the bank, and every sum in the ledger."""
    shop = _open_the_shop(site)
    code = _ten_friends_bring_a_code(shop, visitor)
    _anna_spends_it(shop, code)
    olgas_page, olgas_code = _a_task_brings_a_code(shop, visitor)
    _sales_are_paid_for(shop, olgas_code)
    _the_rest_is_withdrawn(olgas_page)
    call_command("verify_ledger")
    call_command("verify_invariants")


def _open_the_shop(site: Program) -> Shop:
    """A key, a store, a catalogue; the round of OK-13 is opened by its job."""
    _, secret = marketplace.make_client(name="the shop")
    shop = Shop(site.url, secret)
    shop.put(
        "/stores/tea-house",
        {"name": "Чайная", "currency": "RUB", "country": "RU", "verified": True},
    )
    product = {
        "ref": "samovar",
        "store": "tea-house",
        "name": "Самовар",
        "category": "tea",
        "price": 250_000,
        "currency": "RUB",
        "url": "https://tea.example/samovar",
        "image_url": "https://tea.example/samovar.png",
    }
    assert shop.put("/products", {"products": [product]}) == {"created": 1, "updated": 0}
    referrals.campaign(opens_at=datetime.now(UTC) - timedelta(minutes=1))

    def opened() -> bool:
        answer = shop.session.get(f"{shop.url}/api/v1/rounds/current", timeout=30)
        return answer.status_code == 200 and answer.json()["state"] == "open"

    eventually(opened, "the round is open")
    return shop


def _ten_friends_bring_a_code(shop: Shop, visitor: Callable[..., Page]) -> str:
    """Anna comes from the marketplace without a second sign-in, joins and invites."""
    anna = {"ref": "anna", "name": "Anna", "email": "anna@example.org", "locale": "en"}
    session = shop.post("/sessions", {"shopper": anna, "next": "/friends/"}, status=201)
    page = visitor(1)
    page.goto(session["url"])
    if page.get_by_role("button", name=re.compile("Anna|Continue")).count():
        page.get_by_role("button", name=re.compile("Anna|Continue")).first.click()
    page.goto("/friends/")
    page.get_by_role("button", name="Join and get my link").first.click()
    page.goto("/friends/progress/")
    page.locator("textarea").fill("Help me with a samovar!")
    page.get_by_role("button", name="Save and look").click()
    page.goto("/friends/progress/")
    link = Participation.objects.get().token
    for number in range(1, 11):
        friend = visitor(100 + number)
        friend.goto(f"/i/{link}")
        expect(friend.get_by_text("Help me with a samovar!").first).to_be_visible()
        friend.wait_for_timeout(1_100)  # a page younger than a second counts as a machine's
        friend.get_by_role("button", name="Accept and see the deals").click()
        expect(friend).to_have_url(re.compile("/result"))
        counted = Visit.objects.filter(outcome="counted").count()
        assert counted == number, Visit.objects.values_list("outcome", "reason")
        friend.context.close()
        if number == 3:  # her page counts along by itself
            expect(page.locator("main")).to_contain_text("7 more friends")
    participation = Participation.objects.get()
    page.goto(f"/friends/code/{participation.pk}/")
    expect(page.locator("main")).to_contain_text("400")
    code = PromoCode.objects.get(person__ref="anna").code
    expect(page.locator("main")).to_contain_text(code[:4])
    return code


def _cart(code: str, *, shopper: str, quantity: int = 1) -> dict[str, Any]:
    line = {"ref": "1", "product": "samovar", "store": "tea-house", "unit_price": 250_000}
    return {
        "currency": "RUB",
        "shopper": {"ref": shopper},
        "lines": [line | {"quantity": quantity}],
        "shipping": 0,
        "codes": [code],
    }


def _anna_spends_it(shop: Shop, code: str) -> None:
    """Her code is worth 399 roubles to her, nothing to a stranger, and only once."""
    stolen = shop.post("/quotes", _cart(code, shopper="mallory"), status=200)
    assert stolen["codes"][0]["reason"]["code"] == "wrong_owner"
    assert stolen["discount"] == 0
    quote = shop.post("/quotes", _cart(code, shopper="anna"), status=200)
    assert (quote["discount"], quote["total"]) == (39_900, 210_100)
    order = {"order_ref": "order-anna", **_cart(code, shopper="anna")}
    first = shop.post("/redemptions", order, status=201)
    assert shop.post("/redemptions", order, status=200) == first
    again = shop.post("/redemptions", order | {"order_ref": "order-anna-2"}, status=409)
    assert again["code"] == "code_refused"


def _a_task_brings_a_code(shop: Shop, visitor: Callable[..., Page]) -> tuple[Page, str]:
    """A seller shares a code; an influencer finds the task, applies, and sees her code again."""
    store = Store.objects.get(ref="tea-house")
    seller = marketplace.make_user(name="Seller")
    store.members.create(user=seller, role="owner")
    affiliates_factory.make_plan(store=store, rate_bp=800, hold_days=15)
    promotion = shop.post(
        "/promotions",
        {
            "name": "Tea for friends",
            "kind": "social",
            "store": "tea-house",
            "currency": "RUB",
            "discount": {"type": "percent", "percent": "10"},
            "starts_at": (datetime.now(UTC) - timedelta(minutes=1)).isoformat(),
            "ends_at": (datetime.now(UTC) + timedelta(days=30)).isoformat(),
            "share_with_affiliates": True,
            "code": "TEATEN",
        },
        status=201,
    )
    assert promotion["state"] == "live"
    openings.open_task(
        store=store,
        promotion_id=promotion["id"],
        offer=Offer(name="Show how you drink tea"),
        actor=seller,
    )
    olga = {"ref": "olga", "name": "Olga", "email": "olga@example.org", "locale": "en"}
    session = shop.post("/sessions", {"shopper": olga, "next": "/creators/tasks/"}, status=201)
    page = visitor(50)
    page.goto(session["url"])
    if page.get_by_role("button", name=re.compile("Olga|Continue")).count():
        page.get_by_role("button", name=re.compile("Olga|Continue")).first.click()
    user = User.objects.get(ref="olga")
    affiliates_factory.make_affiliate(user=user, tax_status="person", name="Olga")
    page.goto("/creators/tasks/")
    page.get_by_role("link", name="Show how you drink tea").first.click()
    page.get_by_role("button", name="Apply", exact=True).click()
    page.get_by_role("button", name=re.compile("Get Promo Code", re.IGNORECASE)).click()
    code = PromoCode.objects.get(holder=user).code
    assert PromoCode.objects.filter(holder=user).count() == 1
    address = page.url
    page.goto(address)
    expect(page.locator("main")).to_contain_text(code[:4])
    return page, code


def _sales_are_paid_for(shop: Shop, code: str) -> None:
    """5,000.00 sold with ten percent off at eight percent: 360.00 pending, available, part back."""
    order = {"order_ref": "order-boris", **_cart(code, shopper="boris", quantity=2)}
    redeemed = shop.post("/redemptions", order, status=201)
    assert redeemed["quote"]["total"] == 450_000
    line = order["lines"][0] | {"discount": 50_000}
    facts = {"shopper": {"ref": "boris"}, "lines": [line], "codes": [code], "shipping": 0}
    shop.report("order-boris", "placed", **facts)
    shop.report("order-boris", "paid", **facts)
    commissions = Commission.objects.filter(order_ref="order-boris")
    eventually(lambda: commissions.filter(state="pending").exists(), "the commission is derived")
    commission = commissions.get()
    assert (commission.base_minor, commission.amount_minor) == (450_000, 36_000)
    commissions.update(release_at=commission.release_at - timedelta(days=15))
    eventually(lambda: commissions.filter(state="available").exists(), "the hold is over")
    refund = {"ref": "back-1", "lines": [{"ref": "1", "quantity": 1}]}
    shop.report("order-boris", "refunded", refund=refund)
    shop.post(
        f"/redemptions/{redeemed['id']}/reversals",
        {
            "reversal_ref": "back-1",
            "cause": "refunded",
            "lines": [{"ref": "1", "quantity": 1}],
        },
        status=201,
    )
    eventually(lambda: commissions.filter(reversed_minor=18_000).exists(), "half is taken back")
    seen = shop.get("/orders/order-boris")
    assert seen["lines"][0]["discount"] == 50_000


def _the_rest_is_withdrawn(page: Page) -> None:
    """180.00 asked for on her page, approved, sent and paid: 156.60 arrive, 23.40 are withheld."""
    affiliates_factory.make_rule()
    page.goto("/creators/withdraw/")
    expect(page.locator("main")).to_contain_text("156.60")
    page.get_by_role("button", name=re.compile("^Withdraw ")).click()
    expect(page.locator("main")).to_contain_text("180")
    withdrawal = Withdrawal.objects.get()
    ops = marketplace.make_staff()
    withdrawals.approve(withdrawal_id=withdrawal.pk, actor=ops)
    withdrawals.send(currency="RUB", actor=ops)
    withdrawals.mark_paid(withdrawal_id=withdrawal.pk, actor=ops)
    moved = Transfer.objects.filter(key__startswith=f"wd:{withdrawal.pk}:")
    sums = {transfer.key.partition(":")[2]: transfer.amount_minor for transfer in moved}
    assert sorted(sums.values()) == [2_340, 15_660, 15_660, 18_000]
    page.goto("/creators/earnings/")
    expect(page.locator("main")).to_contain_text("order-boris")
