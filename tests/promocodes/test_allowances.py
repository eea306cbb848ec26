"""A store has only so many codes made in a day, by whichever door, exactly."""

import io
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from marketplace import clock
from promocodes import allowances, importing, issuing, jobs
from promocodes.allowances import TooManyToday
from promocodes.models import CodeBatch, CodesOfDay, ImportedCode, PromoCode, Promotion
from promocodes.promotions import BatchOrder
from tests.api import Api
from tests.factories.marketplace import make_client, make_store, make_user
from tests.factories.promocodes import make_promotion
from tests.threads import at_once

MOST = 10


@pytest.fixture(autouse=True)
def _few(settings):
    settings.CODES_PER_STORE_AND_DAY = MOST


@pytest.fixture
def store(db):
    return make_store(owner=make_user(language="en"))


@pytest.fixture
def promotion(store):
    return make_promotion(store=store)


def words(count: int, start: str = "W") -> list[str]:
    return [f"{start}{number}" for number in range(count)]


def add(promotion: Promotion, count: int, start: str = "W") -> int:
    added = importing.add(promotion=promotion, words=words(count, start), at=clock.now())
    return len(added.created)


def check(promotion: Promotion, count: int, start: str = "W") -> CodeBatch:
    return importing.check(
        promotion_id=promotion.pk,
        file=io.BytesIO("\n".join(words(count, start)).encode()),
        file_name="codes.csv",
        actor="test",
        at=clock.now(),
    )


def order(promotion: Promotion, count: int) -> CodeBatch:
    return issuing.order_batch(promotion=promotion, count=count, actor="test")


def used(store) -> int:
    return sum(CodesOfDay.objects.filter(store=store).values_list("count", flat=True))


def nothing_more() -> tuple[int, int, int]:
    return CodeBatch.objects.count(), PromoCode.objects.count(), ImportedCode.objects.count()


@pytest.mark.django_db(transaction=True)
class TestADay:
    def test_all_doors_take_of_one_count(self, store, promotion):
        add(promotion, 3)
        check(promotion, 3, "F")
        order(make_promotion(store=store), 3)
        assert used(store) == 9
        before = nothing_more()
        for act in (add, check, order):
            with pytest.raises(TooManyToday) as refused:
                act(promotion, 2)
            assert (refused.value.most, refused.value.left) == (MOST, 1)
        assert (nothing_more(), used(store)) == (before, 9)
        assert add(promotion, 1, "LAST") == 1
        for act in (add, check, order):
            with pytest.raises(TooManyToday):
                act(promotion, 1)

    def test_more_than_a_day_at_once_is_refused(self, store, promotion):
        for act in (add, check, order):
            with pytest.raises(TooManyToday) as refused:
                act(promotion, MOST + 1)
            assert refused.value.left == MOST
        assert used(store) == 0

    def test_other_stores_go_on(self, promotion):
        add(promotion, MOST)
        assert add(make_promotion(), MOST, "X") == MOST

    def test_the_platform_takes_nothing(self):
        ours = make_promotion(kind="platform")
        assert add(ours, 3 * MOST) == 3 * MOST
        check(ours, 3 * MOST, "F")
        order(ours, 3 * MOST)
        assert not CodesOfDay.objects.exists()

    def test_zero_asks_nothing(self, promotion, settings):
        settings.CODES_PER_STORE_AND_DAY = 0
        assert add(promotion, 3 * MOST) == 3 * MOST
        check(promotion, 3 * MOST, "F")
        order(promotion, 3 * MOST)

    def test_the_next_day_begins_anew(self, store, promotion):
        add(promotion, MOST)
        yesterday = clock.now().astimezone(UTC).date() - timedelta(days=1)
        CodesOfDay.objects.update(day=yesterday)
        assert add(promotion, MOST, "X") == MOST

    def test_what_was_thrown_away_comes_back_once(self, store, promotion):
        batch = check(promotion, MOST)
        importing.drop(batch_id=batch.pk)
        with pytest.raises(importing.BatchMoved):
            importing.drop(batch_id=batch.pk)
        assert used(store) == 0
        add(promotion, 4)
        importing.forget_old(at=clock.now() + timedelta(days=2))
        assert used(store) == 4

    def test_words_that_are_taken_count_too(self, store, promotion):
        add(promotion, 5)
        assert add(promotion, 5) == 0
        with pytest.raises(TooManyToday):
            add(promotion, 1)

    def test_lines_of_a_file_that_make_no_code_do_not_count(self, store, promotion):
        add(promotion, 2)
        assert check(promotion, 4).count == 2
        assert used(store) == 4

    def test_at_once_they_get_exactly_what_there_is(self, store, promotion):
        def act(number: int) -> int:
            try:
                return add(promotion, 3, f"T{number}-")
            except TooManyToday:
                return 0

        made = at_once(8, act)
        assert sorted(made) == [0] * 5 + [3] * 3
        assert (PromoCode.objects.count(), used(store)) == (9, 9)

    def test_a_files_codes_count_once(self, store, promotion):
        batch = check(promotion, 6)
        importing.confirm(batch_id=batch.pk, actor="test")
        jobs.issue_batches()
        assert (PromoCode.objects.count(), used(store)) == (6, 6)

    def test_days_long_past_are_forgotten_by_the_job(self, store):
        today = clock.now().astimezone(UTC).date()
        for days in (0, 29, 31, 400):
            CodesOfDay.objects.create(store=store, day=today - timedelta(days=days), count=1)
        jobs.issue_batches()
        assert sorted(today - row.day for row in CodesOfDay.objects.all()) == [
            timedelta(days=0),
            timedelta(days=29),
        ]

    def test_it_is_over_at_midnight_of_utc(self):
        at = datetime(2026, 6, 1, 23, 59, 30, 500_000, tzinfo=UTC)
        assert TooManyToday(most=1, left=0, at=at).extra == {"retry_after": 30}
        at = datetime(2026, 6, 1, tzinfo=UTC)
        assert TooManyToday(most=1, left=0, at=at).extra == {"retry_after": 86_401}


@pytest.mark.django_db(transaction=True)
class TestDoors:
    def test_the_api_says_how_long_to_wait(self, store, promotion):
        api = Api(make_client(store=store)[1])
        path = f"/promotions/{promotion.pk}/codes"
        assert api.post(path, {"codes": words(8)}).status_code == 201
        answer = api.post(path, {"codes": words(3, "X")}, key="k")
        assert answer.status_code == 429
        body = answer.json()
        assert body["code"] == "too_many_codes_today"
        assert body["detail"] == "A store may have 10 codes made in a day; 2 are left today."
        assert 1 <= int(answer["Retry-After"]) <= 86_401
        assert PromoCode.objects.count() == 8
        # The key is free for the call that fits.
        assert api.post(path, {"codes": words(2, "X")}, key="k").status_code == 201

    def test_a_promotion_with_too_many_codes_is_not_made(self, store):
        api = Api(make_client(store=store)[1])
        body = {
            "name": "Many",
            "kind": "store",
            "store": store.ref,
            "currency": "RUB",
            "discount": {"type": "percent", "percent": "10"},
            "codes": {"count": MOST + 1},
        }
        answer = api.post("/promotions", body)
        assert (answer.status_code, answer.json()["code"]) == (429, "too_many_codes_today")
        assert not Promotion.objects.exists()
        assert api.post("/promotions", body | {"codes": {"count": MOST}}).status_code == 201

    def test_the_page_says_it_beside_the_field(self, client, store, promotion):
        order(promotion, 8)
        client.force_login(store.members.get().user)
        here = f"/seller/promocodes/promotion/{promotion.pk}/codes/"
        file = SimpleUploadedFile("list.csv", "\n".join(words(3)).encode())
        for body, form in (
            ({"act": "make", "count": 3}, "batch_form"),
            ({"act": "check", "file": file}, "file_form"),
        ):
            page = client.post(here, body)
            assert page.status_code == 422
            assert set(page.context[form].errors) == {"count" if "count" in body else "file"}
            told = "A store may have 10 codes made in a day; 2 are left today."
            assert told in unescape(page.text)
        assert CodeBatch.objects.count() == 1


@pytest.mark.django_db
def test_a_batch_asked_for_with_the_promotion_counts(store):
    make_promotion(store=store, batch=BatchOrder(count=4))
    allowances.check(promotion=Promotion.objects.get(), wanted=6)
    with pytest.raises(TooManyToday):
        allowances.check(promotion=Promotion.objects.get(), wanted=7)
