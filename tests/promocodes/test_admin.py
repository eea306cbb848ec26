"""Operations' pages of this floor: the queue of approvals, codes, the ledger of uses."""

import pytest
from django.apps import apps
from django.db import connection

from marketplace import clock
from marketplace.models import AuditEntry
from promocodes import issuing
from promocodes.models import PromoCode, Promotion, Redemption
from promocodes.terms import Limits
from tests.api import Api
from tests.factories.marketplace import make_staff, make_store, make_user
from tests.factories.promocodes import make_promotion, make_terms

pytestmark = pytest.mark.django_db
SITE = "/admin/promocodes"
SENT = {"_form_submitted": "on"}
MODELS = ["promotion", "promocode", "codebatch", "checkout", "redemption"]


@pytest.fixture
def staff(client):
    client.force_login(make_staff(language="en"))
    return client


@pytest.fixture
def full(api: Api) -> Promotion:
    """A redeemed, partly reversed order, a hold, a batch, a personal code."""
    store = make_store(ref="s1")
    promotion = make_promotion(
        store=store,
        name="Summer",
        code="TEN",
        limits=Limits(total=10, budget_minor=100_000),
        terms=make_terms(max_discount_minor=50_000),
    )
    line = {"ref": "1", "store": "s1", "unit_price": 100_000, "quantity": 2}
    cart = {"currency": "RUB", "lines": [line], "codes": ["TEN"], "shopper": {"ref": "u1"}}
    redeemed = api.post("/redemptions", cart | {"order_ref": "o1"}).json()
    back = {"reversal_ref": "r1", "cause": "refunded", "lines": [{"ref": "1", "quantity": 1}]}
    assert api.post(f"/redemptions/{redeemed['id']}/reversals", back).status_code == 201
    assert api.post("/reservations", cart).status_code == 201
    issuing.issue(promotion_id=promotion.pk, at=clock.now(), person=make_user(email="a@b.ru"))
    issuing.order_batch(promotion=promotion, count=10, actor="test")
    return promotion


@pytest.mark.parametrize("model", MODELS)
def test_every_page_opens_and_changes_nothing(staff, full, model: str) -> None:
    page = staff.get(f"{SITE}/{model}/")
    assert page.status_code == 200
    rows = page.context["cl"].result_list
    assert rows
    before = list(apps.get_model("promocodes", model).objects.order_by("pk").values())
    for row in rows:
        assert staff.get(f"{SITE}/{model}/{row.pk}/change/").status_code == 200
        for act in ("change", "delete"):
            answer = staff.post(f"{SITE}/{model}/{row.pk}/{act}/", {"name": "x", "post": "yes"})
            assert answer.status_code == 403
    form = staff.get(f"{SITE}/{model}/add/")
    assert form.status_code == (200 if model == "promotion" else 403)
    assert list(apps.get_model("promocodes", model).objects.order_by("pk").values()) == before


@pytest.mark.parametrize("model", MODELS)
def test_lists_cost_the_same_for_one_row_and_for_many(
    staff, api: Api, full, model: str, django_assert_max_num_queries, django_assert_num_queries
) -> None:
    staff.get(f"{SITE}/{model}/")  # the first click of a session notes its time
    with django_assert_max_num_queries(12) as asked:
        assert staff.get(f"{SITE}/{model}/").status_code == 200
        cost = len(asked)
    line = {"ref": "1", "store": "s1", "unit_price": 1_000, "quantity": 1}
    for n in range(3):
        promotion = make_promotion(code=f"C{n}", kind="platform")
        issuing.order_batch(promotion=promotion, count=10, actor="test")
        cart = {"currency": "RUB", "lines": [line], "codes": [f"C{n}"], "order_ref": f"x{n}"}
        assert api.post("/redemptions", cart).status_code == 201
    with django_assert_num_queries(cost):
        assert staff.get(f"{SITE}/{model}/").status_code == 200


def test_a_promotion_tells_what_it_gives_and_how_much_is_used(staff, full) -> None:
    page = staff.get(f"{SITE}/promotion/{full.pk}/change/").text
    for text in ("Summer", "10% ≤ ₽500", "₽700 / ₽1,000", "live"):
        assert text in page


def test_the_queue_of_approvals(staff) -> None:
    waiting = [make_promotion(needs_approval=True) for _ in range(2)]
    live = make_promotion()
    page = staff.get(f"{SITE}/promotion/?state=pending_approval")
    assert set(page.context["cl"].result_list) == set(waiting)
    assert list(staff.get(f"{SITE}/promotion/?state=live").context["cl"].result_list) == [live]
    chosen = {
        "action": "approve_chosen",
        "_selected_action": [one.pk for one in [*waiting, live]],
    }
    asked = staff.post(f"{SITE}/promotion/", chosen).text
    assert "2 promotions go live" in asked
    assert "1 more is in another state and is left out." in asked
    assert all(one.name in asked for one in waiting)
    assert live.name not in asked
    assert Promotion.objects.filter(status="pending_approval").count() == 2
    staff.post(f"{SITE}/promotion/", chosen | {"confirmed": "1"})
    assert set(Promotion.objects.values_list("status", flat=True)) == {"approved"}
    assert AuditEntry.objects.filter(verb="promotion.approve").count() == 2
    again = staff.post(f"{SITE}/promotion/", chosen | {"confirmed": "1"}, follow=True)
    assert "None of these waits for approval." in again.text


def test_the_page_tells_who_decided_what_and_why(staff) -> None:
    waiting = make_promotion(needs_approval=True, code="BADWORD")
    make_promotion(needs_approval=True)
    page = f"{SITE}/promotion/{waiting.pk}/change/"
    assert "BADWORD" in staff.get(page).text
    reason = {"reason": "Choose a kinder word"} | SENT
    said = staff.post(f"{SITE}/promotion/{waiting.pk}/refuse/", reason, follow=True).text
    assert "1 more waits." in said
    told = staff.get(page).text
    who = AuditEntry.objects.get(verb="promotion.refuse").actor
    for text in ("refused", str(who), "Choose a kinder word"):
        assert text in told


def test_one_is_approved_from_its_page_by_post_only(staff) -> None:
    waiting = make_promotion(needs_approval=True)
    path = f"{SITE}/promotion/{waiting.pk}/approve/"
    assert staff.get(path, follow=True).status_code == 200
    waiting.refresh_from_db()
    assert waiting.status == "pending_approval"
    assert staff.post(path).status_code == 302
    waiting.refresh_from_db()
    assert waiting.status == "approved"
    assert staff.post(path).status_code == 403


@pytest.mark.parametrize(("act", "status"), [("refuse", "refused"), ("cancel", "cancelled")])
def test_a_reason_is_kept(staff, act: str, status: str) -> None:
    waiting = make_promotion(needs_approval=True)
    path = f"{SITE}/promotion/{waiting.pk}/{act}/"
    assert staff.post(path, {"reason": "Too dear"} | SENT).status_code == 302
    waiting.refresh_from_db()
    assert waiting.status == status
    entry = AuditEntry.objects.get(verb=f"promotion.{act}")
    assert entry.reason == "Too dear"
    assert entry.actor is not None


def test_a_refusal_needs_a_reason_and_a_cancelling_may_do_without(staff) -> None:
    waiting = make_promotion(needs_approval=True)
    path = f"{SITE}/promotion/{waiting.pk}"
    assert staff.post(f"{path}/refuse/", {"reason": ""} | SENT).status_code == 200
    waiting.refresh_from_db()
    assert waiting.status == "pending_approval"
    assert staff.post(f"{path}/cancel/", {"reason": ""} | SENT).status_code == 302
    waiting.refresh_from_db()
    assert waiting.status == "cancelled"


def test_staff_without_the_permission_only_looks(client) -> None:
    client.force_login(make_staff(is_superuser=False))
    waiting = make_promotion(needs_approval=True, code="WAITS")
    assert client.get(f"{SITE}/promotion/{waiting.pk}/change/").status_code == 200
    for act in ("approve", "refuse", "cancel"):
        assert (
            client.post(f"{SITE}/promotion/{waiting.pk}/{act}/", {"reason": "x"} | SENT).status_code
            == 403
        )
    code = PromoCode.objects.get()
    assert (
        client.post(f"{SITE}/promocode/{code.pk}/revoke/", {"reason": "x"} | SENT).status_code
        == 403
    )
    chosen = {"action": "approve_chosen", "_selected_action": [waiting.pk], "confirmed": "1"}
    client.post(f"{SITE}/promotion/", chosen)
    waiting.refresh_from_db()
    code.refresh_from_db()
    assert (waiting.status, code.revoked_at) == ("pending_approval", None)


def test_a_code_is_revoked_with_a_reason(staff, full) -> None:
    code = PromoCode.objects.get(code="TEN")
    assert (
        staff.post(f"{SITE}/promocode/{code.pk}/revoke/", {"reason": "leaked"} | SENT).status_code
        == 302
    )
    code.refresh_from_db()
    assert code.revoked_at is not None
    assert AuditEntry.objects.get(verb="code.revoke").reason == "leaked"


@pytest.mark.parametrize(
    ("model", "term", "found"),
    [
        ("promotion", "Summ", 1),
        ("promotion", " ten", 1),
        ("promotion", "nothing", 0),
        ("promocode", "ten", 1),
        ("promocode", "A@b.ru", 1),
        ("checkout", "o1", 1),
        ("redemption", "o1", 1),
        ("redemption", "ten", 2),
        ("redemption", "nothing", 0),
    ],
)
def test_search_by_what_people_have_at_hand(staff, full, model: str, term: str, found: int) -> None:
    page = staff.get(f"{SITE}/{model}/", {"q": term})
    assert len(page.context["cl"].result_list) == found


def test_a_use_shows_its_shares(staff, full) -> None:
    use = Redemption.objects.get(state="part_reversed")
    page = staff.get(f"{SITE}/redemption/{use.pk}/change/").text
    for text in ("10000, 10000", "₽200", "₽100", "o1"):
        assert text in page


def test_promotions_are_found_by_the_start_of_the_name_words_and_all(staff) -> None:
    found, other = (make_promotion(name=name) for name in ("Summer in town", "Summer at sea"))

    def shown(words: str) -> set[Promotion]:
        page = staff.get(f"{SITE}/promotion/", {"q": words})
        return set(page.context["cl"].result_list)

    assert shown("summer in") == {found}
    assert shown(" Summer ") == {found, other}
    assert shown("town") == set()
    assert shown(other.store.ref) == {other}


def test_of_very_many_names_some_are_shown_and_it_is_said(staff, monkeypatch) -> None:
    for number in range(3):
        make_promotion(name=f"Summer {number}")
    monkeypatch.setattr("promocodes.admin.promotions.MOST_NAMED", 2)
    page = staff.get(f"{SITE}/promotion/", {"q": "summer"})
    assert len(page.context["cl"].result_list) == 2
    assert "Very many names begin so" in page.text
    page = staff.get(f"{SITE}/promotion/", {"q": "summer 2"})
    assert [row.name for row in page.context["cl"].result_list] == ["Summer 2"]
    assert "Very many names" not in page.text


def test_codes_and_their_uses_are_found_by_the_word_revoked_or_not(staff, full) -> None:
    code = full.codes.first()
    for _ in range(2):
        for model, wanted in (("promocode", {code}), ("promotion", {full})):
            page = staff.get(f"{SITE}/{model}/", {"q": code.code.lower()})
            assert set(page.context["cl"].result_list) == wanted
        assert staff.get(f"{SITE}/redemption/", {"q": code.code}).context["cl"].result_list
        issuing.revoke(code_id=code.pk, actor="test")
        code.refresh_from_db()


def test_a_word_is_looked_up_by_indexes_alone() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_indexscan = off")
        plans = (
            PromoCode.objects.spelled("X").explain(),
            Promotion.objects.filter(name__istartswith="Summer in").explain(),
        )
    for plan, index in zip(
        plans, ("code_once_among_standing", "promotion_name_start"), strict=True
    ):
        assert f"Bitmap Index Scan on {index}" in plan
    assert "Bitmap Index Scan on code_revoked" in plans[0]
