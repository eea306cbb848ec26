"""Short links: people are counted, robots are led on, and nobody is led astray."""

import json
from pathlib import Path

import pytest
from django.test import Client

from affiliates import links
from affiliates.models import Affiliate, Click, Link
from tests.factories.affiliates import make_affiliate
from tests.factories.marketplace import make_product, make_store
from tests.factories.promocodes import make_promotion

pytestmark = pytest.mark.django_db
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
AGENTS = json.loads((Path(__file__).parent.parent / "data/preview_user_agents.json").read_text())


@pytest.fixture
def store():
    """A store with a verified host."""
    return make_store(host="shop.example.com", is_verified=True)


@pytest.fixture
def link(store):
    """An influencer's link to the store."""
    return links.make(affiliate=make_affiliate(), store=store)


def visit(link, *, method="get", agent=BROWSER, **headers):
    """Follow the link."""
    return getattr(Client(), method)(f"/go/{link.pk}", headers={"User-Agent": agent, **headers})


def test_a_click_is_recorded_and_passed_to_the_store(link):
    response = visit(link)
    click = Click.objects.get()
    assert response.status_code == 302
    assert response["Location"] == f"https://shop.example.com/?click_id={click.ref}"
    assert "no-store" in response["Cache-Control"]
    assert len(click.ref) <= 64
    assert click.ref.startswith(f"{link.pk}.")


@pytest.mark.parametrize(
    ("method", "agent", "headers"),
    [
        ("head", BROWSER, {}),
        ("get", BROWSER, {"Sec-Purpose": "prefetch;prerender"}),
        ("get", BROWSER, {"Purpose": "prefetch"}),
        ("get", BROWSER, {"X-Moz": "prefetch"}),
        ("get", BROWSER, {"Sec-Fetch-Mode": "no-cors"}),
        ("get", "", {}),
        ("get", "TelegramBot (like TwitterBot)", {}),
        ("get", "WhatsApp/2.23.20.0", {}),
        ("get", "facebookexternalhit/1.1", {}),
    ],
)
def test_previews_and_prefetches_are_led_on_uncounted(link, method, agent, headers):
    response = visit(link, method=method, agent=agent, **headers)
    assert (response.status_code, response["Location"]) == (302, "https://shop.example.com/")
    assert not Click.objects.exists()


@pytest.mark.parametrize("name", [name for name in AGENTS if name.endswith("human")])
def test_people_in_apps_count(link, name):
    agent = AGENTS[name] if isinstance(AGENTS[name], str) else AGENTS[name][0]
    visit(link, agent=agent, **{"Sec-Fetch-Mode": "navigate"})
    assert Click.objects.count() == 1


def test_only_reading_methods_follow(link):
    assert Client().post(f"/go/{link.pk}").status_code == 405
    assert not Click.objects.exists()


@pytest.mark.parametrize("address", ["unknown", "%00", "a" * 300, "../x"])
def test_an_unknown_link_is_not_found(address):
    assert Client().get(f"/go/{address}").status_code == 404


def test_a_closed_link_is_not_found(link):
    links.close(link=link)
    assert visit(link).status_code == 404
    assert not Click.objects.exists()


@pytest.mark.parametrize(
    ("url", "leads"),
    [
        ("https://shop.example.com/p/1?a=b#c", True),
        ("", True),
        ("https://shop.example.com.evil.example/", False),
        ("https://evil.example/", False),
        ("https://shop.example.com@evil.example/", False),
        ("http://shop.example.com/", False),
        ("javascript:alert(1)", False),
    ],
)
def test_a_product_link_leads_to_the_stores_own_host_only(store, url, leads):
    product = make_product(store=store, url=url)
    affiliate = make_affiliate()
    if not leads:
        with pytest.raises(links.NoDestination):
            links.make(affiliate=affiliate, product=product)
        assert not Link.objects.exists()
        return
    response = visit(links.make(affiliate=affiliate, product=product))
    assert response["Location"].startswith("https://shop.example.com/")
    if url:
        ref = Click.objects.get().ref
        assert response["Location"] == f"https://shop.example.com/p/1?a=b&click_id={ref}#c"


@pytest.mark.parametrize("lost", [{"host": ""}, {"is_verified": False}, {"is_active": False}])
def test_a_store_that_loses_its_host_or_its_standing_leads_nobody(store, link, lost):
    type(store).objects.update(**lost)
    assert visit(link).status_code == 404


def test_the_same_target_has_one_link(store):
    anna = make_affiliate()
    first = links.make(affiliate=anna, store=store)
    assert links.make(affiliate=anna, store=store) == first
    assert links.make(affiliate=make_affiliate(), store=store) != first


def test_only_shared_promotions_and_working_affiliates_have_links(store):
    anna = make_affiliate()
    private = make_promotion(store=store)
    with pytest.raises(links.NotShared):
        links.make(affiliate=anna, promotion=private)
    shared = make_promotion(store=store, share_with_affiliates=True)
    assert links.make(affiliate=anna, promotion=shared).promotion == shared
    Affiliate.objects.update(status="suspended")
    anna.refresh_from_db()
    with pytest.raises(links.Suspended):
        links.make(affiliate=anna, store=store)
