"""API keys: shown once, hashed, scoped, rotated by two, revoked at once, audited."""

import re
from datetime import UTC, date, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError
from django.db.models.functions import Now
from django.utils import timezone

from marketplace import clock, keys
from marketplace.models import ApiClient, ApiKey, AuditEntry, User
from tests.api import Api
from tests.factories.marketplace import make_client, make_staff, make_store

pytestmark = pytest.mark.django_db


def command(*words: str) -> str:
    out = StringIO()
    call_command("api_key", *words, stdout=out, no_color=True)
    return out.getvalue()


def test_a_key_made_by_the_command_opens_the_api():
    said = command("create", "--name", "shop", "--scopes", "catalog,orders")
    secret = re.search(r"sk_\S+", said)[0]
    assert len(secret) >= 3 + 22  # at least 128 bits
    assert Api(secret).get("/products").status_code == 200
    assert secret not in str(list(ApiKey.objects.values()))
    assert secret not in str(list(AuditEntry.objects.values()))
    assert secret not in command("list")
    assert AuditEntry.objects.filter(verb="api_key.create").count() == 1
    assert AuditEntry.objects.filter(verb="api_client.create").count() == 1


def test_rotation_by_the_command():
    first = command("create", "--name", "shop", "--scopes", "catalog", "--quiet").strip()
    said = command("create", "--name", "shop")
    second = re.search(r"sk_\S{20,}", said)[0]
    assert f"revoke {first[:11]}" in said
    assert (
        Api(first).get("/products").status_code == Api(second).get("/products").status_code == 200
    )
    with pytest.raises(CommandError, match="two live keys"):
        command("create", "--name", "shop")
    command("revoke", first[:11], "--reason", "rotated")
    answer = Api(first).get("/products")
    assert (answer.status_code, answer.json()["code"]) == (401, "authentication_failed")
    assert answer["WWW-Authenticate"] == "Bearer"
    assert Api(second).get("/products").status_code == 200
    entry = AuditEntry.objects.get(verb="api_key.revoke")
    assert (entry.target, entry.reason) == (f"api_key:{first[:11]}", "rotated")
    listed = command("list")
    assert f"{first[:11]}  revoked" in listed
    assert f"{second[:11]}  live, last used" in listed


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--name", "x", "--scopes", "admin"], "no scope admin"),
        (["--name", "x"], "at least one scope"),
        (["--name", "x", "--scopes", "orders", "--store", "none"], "no store none"),
        (["--name", "x", "--scopes", "orders", "--addresses", "home"], "home"),
        (["--name", "known", "--scopes", "orders"], "has the scopes catalog"),
        (["--name", "x", "--scopes", "orders", "--expires", "soon"], "soon is neither days"),
        (["--name", "x", "--scopes", "orders", "--expires", "0d"], "0d is neither days"),
        (["--name", "x", "--scopes", "orders", "--expires", "2020-01-31"], "This day is over"),
        (["--name", "x", "--scopes", "orders", "--rate", "0"], "Calls a second are 1 to"),
    ],
)
def test_a_wrong_command_is_one_line_and_changes_nothing(words, said):
    make_client(name="known", scopes=["catalog"])
    with pytest.raises(CommandError, match=said):
        command("create", *words)
    assert ApiClient.objects.count() == ApiKey.objects.count() == 1


def test_a_bound_key_by_the_command():
    make_store(ref="s1")
    command(
        "create", "--name", "x", "--scopes", "orders", "--store", "s1", "--addresses", "10.1.2.3/8"
    )
    client = ApiClient.objects.get()
    assert (client.store.ref, client.addresses) == ("s1", ["10.0.0.0/8"])
    assert "only store s1, from 10.0.0.0/8" in command("list")


def end(client: ApiClient, *, days: float) -> ApiKey:
    """Let the client's one key end so many days from now."""
    client.keys.update(expires_at=Now() + timedelta(days=days))
    return client.keys.get()


class TestAKeyWithAnEnd:
    def test_by_the_command_after_some_days(self):
        said = command("create", "--name", "shop", "--scopes", "catalog", "--expires", "90d")
        key = ApiKey.objects.get()
        assert timedelta(days=89) < key.expires_at - clock.now() <= timedelta(days=90)
        until = f"{timezone.localtime(key.expires_at):%Y-%m-%d %H:%M}"
        assert f"It works until {until}." in said
        assert f"{key.prefix}  live until {until}, unused" in command("list")
        entry = AuditEntry.objects.get(verb="api_key.create")
        assert entry.after["expires_at"] == key.expires_at.isoformat()

    def test_a_day_is_good_to_its_end(self, settings):
        settings.TIME_ZONE = "Europe/Moscow"
        command("create", "--name", "x", "--scopes", "catalog", "--expires", "2099-12-31")
        assert ApiKey.objects.get().expires_at == datetime(2099, 12, 31, 21, tzinfo=UTC)

    def test_it_opens_until_then_and_no_longer(self):
        client, secret = make_client()
        end(client, days=0.001)
        assert Api(secret).get("/products").status_code == 200
        end(client, days=-0.001)
        answer = Api(secret).get("/products")
        assert (answer.status_code, answer.json()["code"]) == (401, "key_expired")
        assert answer["WWW-Authenticate"] == "Bearer"
        assert Api(secret).post("/quotes", {}).status_code == 401
        assert f"{secret[:11]}  expired" in command("list")

    def test_that_it_was_revoked_goes_before(self):
        client, secret = make_client()
        keys.revoke(key=end(client, days=-1), actor="a test", reason="lost")
        assert Api(secret).get("/products").json()["code"] == "authentication_failed"

    def test_it_leaves_room_for_another(self):
        client, _ = make_client()
        end(client, days=-1)
        for _ in range(2):
            keys.create(client=client, actor="a test")
        with pytest.raises(keys.TooManyKeys):
            keys.create(client=client, actor="a test")

    def test_an_end_that_was_is_refused(self):
        client, _ = make_client()
        with pytest.raises(keys.BadExpiry):
            keys.create(client=client, actor="a test", expires_at=clock.now())
        assert client.keys.count() == 1

    def test_one_question_finds_it(self, django_assert_num_queries):
        client, secret = make_client()
        end(client, days=1)
        with django_assert_num_queries(1):
            key = keys.find(secret)
            assert (key.has_ended, key.calls_per_second) == (False, None)
            assert key.client.scopes


def test_a_rate_by_the_command():
    command("create", "--name", "shop", "--scopes", "catalog", "--rate", "50")
    assert ApiKey.objects.get().calls_per_second == 50
    assert "live, unused, 50 calls/s" in command("list")
    assert AuditEntry.objects.get(verb="api_key.create").after["calls_per_second"] == 50


def test_a_rate_is_changed_and_audited():
    client, _ = make_client()
    key = client.keys.get()
    for rate in (7, None):
        keys.change_rate(key=key, calls_per_second=rate, actor="a test")
        assert client.keys.get().calls_per_second == rate
    entry = AuditEntry.objects.filter(verb="api_key.change").earliest("pk")
    assert (entry.before["calls_per_second"], entry.after["calls_per_second"]) == (None, 7)
    for wrong in (0, -1, 10**9):
        with pytest.raises(keys.BadRate):
            keys.change_rate(key=key, calls_per_second=wrong, actor="a test")
    with pytest.raises(IntegrityError):
        ApiKey.objects.update(calls_per_second=0)


def test_a_revoked_prefix_must_name_one_live_key():
    for words in (["sk_zzzzzzzz"], ["sk_"]):
        with pytest.raises(CommandError):
            command("revoke", *words, "--reason", "x")


def test_revoking_twice_is_audited_once():
    client, _ = make_client()
    key = client.keys.get()
    assert keys.revoke(key=key, actor="a test", reason="lost") is True
    assert keys.revoke(key=key, actor="a test", reason="lost") is False
    assert AuditEntry.objects.count() == 1


@pytest.mark.parametrize(
    "header", ["", "sk_test", "Basic sk_x", "Bearer", "Bearer ", "Bearer \xff"]
)
def test_who_has_no_key_is_asked_for_it(client, header):
    answer = client.get("/api/v1/products", headers={"Authorization": header} if header else {})
    assert answer.status_code == 401
    assert answer["Content-Type"] == "application/problem+json"
    assert answer["WWW-Authenticate"] == "Bearer"


def test_a_key_works_only_from_its_addresses(client):
    _, secret = make_client(addresses=("203.0.113.0/24", "2001:db8::/32"))

    def status(address: str) -> int:
        headers = {"Authorization": f"Bearer {secret}"}
        return client.get("/api/v1/products", headers=headers, REMOTE_ADDR=address).status_code

    assert [status(a) for a in ("203.0.113.7", "2001:db8::1")] == [200, 200]
    assert [status(a) for a in ("203.0.114.7", "2001:db9::1", "", "x")] == [401] * 4


def test_a_key_can_not_be_had_from_a_forwarded_header(client):
    _, secret = make_client(addresses=("203.0.113.7",))
    headers = {"Authorization": f"Bearer {secret}", "X-Forwarded-For": "203.0.113.7"}
    assert client.get("/api/v1/products", headers=headers).status_code == 401


def test_the_last_use_is_noted_once_a_minute(api, django_assert_num_queries):
    key = ApiKey.objects.get()
    assert key.last_used_at is None
    with django_assert_num_queries(3):
        api.get("/products")
    first = ApiKey.objects.get().last_used_at
    assert first is not None
    with django_assert_num_queries(2):
        api.get("/products")
    assert ApiKey.objects.get().last_used_at == first


class TestTheAdminPage:
    @pytest.fixture
    def staff(self, client):
        client.force_login(make_staff())
        return client

    def test_a_client_is_made_and_changed_by_the_verbs(self, staff):
        store = make_store(ref="s1")
        answer = staff.post(
            "/admin/marketplace/apiclient/add/",
            {
                "name": "shop",
                "scopes": ["catalog", "orders"],
                "store": store.pk,
                "addresses": "10.0.0.1",
                "keys-TOTAL_FORMS": 0,
                "keys-INITIAL_FORMS": 0,
            },
        )
        assert answer.status_code == 302, answer.context["adminform"].form.errors
        made = ApiClient.objects.get()
        assert (made.scopes, made.store, made.addresses) == (
            ["catalog", "orders"],
            store,
            ["10.0.0.1/32"],
        )
        url = f"/admin/marketplace/apiclient/{made.pk}/change/"
        body = {"scopes": ["reports"], "addresses": "", "store": "", "name": "renamed"}
        management = {"keys-TOTAL_FORMS": 0, "keys-INITIAL_FORMS": 0}
        assert staff.post(url, body | management).status_code == 302
        made.refresh_from_db()
        assert (made.name, made.scopes, made.store, made.addresses) == (
            "shop",
            ["reports"],
            store,
            [],
        )
        verbs = list(AuditEntry.objects.order_by("pk").values_list("verb", flat=True))
        assert verbs == ["api_client.create", "api_client.change"]
        wrong = staff.post(url, {"scopes": [], "addresses": "home"} | management)
        assert set(wrong.context["adminform"].form.errors) == {"scopes", "addresses"}

    def test_a_key_is_shown_once(self, staff):
        made, _ = make_client(name="shop")
        url = f"/admin/marketplace/apiclient/{made.pk}/new-key/"
        assert staff.get(url).status_code == 200
        assert made.keys.count() == 1  # asking changed nothing
        page = staff.post(url)
        secret = re.search(r"sk_[\w-]{20,}", page.text)[0]
        assert "no-store" in page["Cache-Control"]
        assert Api(secret).get("/products").status_code == 200
        assert secret not in staff.get(f"/admin/marketplace/apiclient/{made.pk}/change/").text
        again = staff.post(url, follow=True)
        assert "two live keys" in again.text
        assert made.keys.count() == 2

    def test_a_key_is_made_with_an_end_and_a_rate(self, staff):
        made, _ = make_client()
        url = f"/admin/marketplace/apiclient/{made.pk}/new-key/"
        assert 'type="date"' in staff.get(url).text
        wrong = staff.post(url, {"last_day": "2020-01-31", "calls_per_second": "0"})
        assert wrong.status_code == 422
        assert set(wrong.context["form"].errors) == {"last_day", "calls_per_second"}
        assert made.keys.count() == 1
        assert staff.post(url, {"last_day": "2099-12-31", "calls_per_second": "50"}).text
        key = made.keys.latest("pk")
        assert (key.expires_at, key.calls_per_second) == (keys.end_of(date(2099, 12, 31)), 50)

    @pytest.mark.parametrize(
        ("days", "said"),
        [
            (13.5, "ends in 13 days"),
            (1.5, "ends in 1 day"),
            (0.5, "ends within a day"),
            (15, ""),
            (-1, ""),
        ],
    )
    def test_an_end_that_is_near_is_told(self, staff, days, said):
        User.objects.update(language="en")
        made, _ = make_client(name="shop")
        end(made, days=days)
        page = staff.get(f"/admin/marketplace/apiclient/{made.pk}/change/")
        assert [str(text) for text in page.context["messages"]] == (
            [f"The key {made.keys.get()} {said}. Make the next one in time."] if said else []
        )
        rows = staff.get("/admin/marketplace/apikey/").text.partition("<tbody")[2]
        word = "ends soon" if said else "expired" if days < 0 else "live"
        assert re.search(rf">\s*{word}\s*<", rows)
        ends = staff.get("/admin/marketplace/apiclient/").context["cl"].result_list[0].ends
        assert (ends is None) == (days < 0)

    def test_a_rate_is_set_by_the_dialog(self, staff):
        made, _ = make_client()
        url = f"/admin/marketplace/apikey/{made.keys.get().pk}/set_rate/"
        body = {"_form_submitted": "True", "calls_per_second": "50"}
        assert staff.get(url).status_code == 200
        assert staff.post(url, body | {"calls_per_second": "0"}).status_code == 200
        assert made.keys.get().calls_per_second is None
        assert staff.post(url, body).status_code == 302
        assert made.keys.get().calls_per_second == 50
        assert 'value="50"' in staff.get(url).text
        assert staff.post(url, body | {"calls_per_second": ""}).status_code == 302
        assert made.keys.get().calls_per_second is None
        assert AuditEntry.objects.filter(verb="api_key.change").count() == 2

    def test_a_key_is_revoked_with_a_reason(self, staff):
        made, secret = make_client()
        url = f"/admin/marketplace/apikey/{made.keys.get().pk}/revoke/"
        assert staff.get(url).status_code == 200
        assert staff.post(url, {"_form_submitted": "True", "reason": ""}).status_code == 200
        assert Api(secret).get("/products").status_code == 200
        assert staff.post(url, {"_form_submitted": "True", "reason": "leaked"}).status_code == 302
        assert Api(secret).get("/products").status_code == 401
        assert AuditEntry.objects.get(verb="api_key.revoke").reason == "leaked"

    def test_staff_without_the_permission_only_look(self, client):
        client.force_login(make_staff(is_superuser=False))
        made, _ = make_client(name="shop")
        assert "shop" in client.get("/admin/marketplace/apiclient/").text
        for url in (
            f"/admin/marketplace/apiclient/{made.pk}/new-key/",
            f"/admin/marketplace/apikey/{made.keys.get().pk}/revoke/",
            "/admin/marketplace/apiclient/add/",
        ):
            assert client.post(url, {"_form_submitted": "True", "reason": "x"}).status_code == 403
        assert made.keys.filter(revoked_at=None).count() == 1
