"""The words of a promotion that is over are free; one that goes again needs them back."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from marketplace import clock
from marketplace.models import StoreMember
from promocodes import importing, issuing, promotions
from promocodes.models import PromoCode, Promotion
from promocodes.terms import of as terms_of
from tests.api import Api
from tests.factories.marketplace import make_store, make_user
from tests.factories.promocodes import make_promotion, make_terms
from tests.threads import at_once

OLD = datetime(2021, 1, 1, tzinfo=UTC)
LATER = "2099-01-01T00:00:00Z"


@pytest.fixture
def store(db: None):
    return make_store(ref="s1", is_verified=True, owner=make_user(language="en"))


def ended(store, **fields) -> Promotion:
    return make_promotion(store=store, terms=make_terms(ends_at=OLD), **fields)


def extend(promotion: Promotion) -> None:
    promotion = Promotion.objects.select_related("terms").get(pk=promotion.pk)
    later = replace(terms_of(promotion.terms), ends_at=datetime(2099, 1, 1, tzinfo=UTC))
    promotions.amend(promotion_id=promotion.pk, actor="ops", terms=later)


def standing(promotion: Promotion) -> list[str]:
    found = PromoCode.objects.standing().filter(promotion=promotion)
    return sorted(found.values_list("code", flat=True))


@pytest.mark.django_db
class TestReclaiming:
    def test_over_http_a_taken_word_refuses_the_extension(self, api: Api, store) -> None:
        first = ended(store, code="SUMMER10")
        make_promotion(store=store, code="SUMMER10")
        path = f"/promotions/{first.pk}"
        before = api.get(path).json()
        answer = api.patch(path, {"ends_at": LATER, "name": "Longer"})
        assert (answer.status_code, answer.json()["code"]) == (409, "code_taken")
        assert answer.json()["word"] == "SUMMER10"
        assert "SUMMER10" in answer.json()["detail"]
        assert api.get(path).json() == before
        assert api.patch(path, {"name": "Renamed"}).status_code == 200

    def test_a_word_that_is_free_again_comes_back(self, store) -> None:
        first = ended(store, code="SUMMER10")
        second = make_promotion(store=store, code="SUMMER10")
        promotions.cancel(promotion_id=second.pk, actor="ops")
        extend(first)
        assert (standing(first), standing(second)) == (["SUMMER10"], [])

    def test_one_that_waits_for_approval_has_its_word(self, store) -> None:
        first = ended(store, code="SUMMER10")
        make_promotion(store=store, code="SUMMER10", needs_approval=True)
        with pytest.raises(issuing.CodeTaken):
            extend(first)

    def test_of_many_codes_the_first_that_is_taken_is_named(self, store) -> None:
        first = make_promotion(store=store)
        words = ["AAA", "BBB", "CCC", "DDD"]
        importing.add(promotion=first, words=words, at=clock.now())
        promotions.amend(promotion_id=first.pk, actor="ops", terms=make_terms(ends_at=OLD))
        over = make_promotion(store=store, code="BBB")
        promotions.cancel(promotion_id=over.pk, actor="ops")
        going = make_promotion(store=store)
        importing.add(promotion=going, words=["DDD", "CCC"], at=clock.now())
        with pytest.raises(issuing.CodeTaken) as refused:
            extend(first)
        assert refused.value.word == "CCC"
        assert standing(first) == ["AAA"]
        promotions.cancel(promotion_id=going.pk, actor="ops")
        extend(first)
        assert standing(first) == words

    def test_what_was_revoked_by_hand_stays_revoked(self, store) -> None:
        first = ended(store, code="SUMMER10")
        (code,) = PromoCode.objects.all()
        issuing.revoke(code_id=code.pk, actor="ops", reason="leaked")
        make_promotion(store=store, code="SUMMER10")
        extend(first)
        assert standing(first) == []

    def test_a_refused_one_that_waits_again_needs_its_word_too(self, store) -> None:
        first = make_promotion(store=store, code="SUMMER10", needs_approval=True)
        promotions.refuse(promotion_id=first.pk, actor="ops", reason="no")
        second = make_promotion(store=store, code="SUMMER10")
        with pytest.raises(issuing.CodeTaken):
            promotions.amend(promotion_id=first.pk, actor="seller", name="New", by_seller=True)
        assert Promotion.objects.get(pk=first.pk).status == "refused"
        promotions.cancel(promotion_id=second.pk, actor="ops")
        promotions.amend(promotion_id=first.pk, actor="seller", name="New", by_seller=True)
        assert standing(first) == ["SUMMER10"]

    def test_the_sellers_form_says_it(self, client, store) -> None:
        first = ended(store, code="SUMMER10")
        make_promotion(store=store, code="SUMMER10")
        client.force_login(StoreMember.objects.get(store=store).user)
        page = client.post(
            f"/seller/promocodes/promotion/{first.pk}/amend/",
            {"name": "Longer", "budget_edge": "refuse", "ends_at": "2099-01-01T00:00"},
        )
        assert "Another promotion uses the code SUMMER10 by now" in page.content.decode()
        first.refresh_from_db()
        assert (first.terms.version, first.name == "Longer") == (1, False)


@pytest.mark.django_db(transaction=True)
def test_a_word_is_never_given_away_while_its_promotion_is_extended() -> None:
    """Whoever is first, there is one with the word, and none that goes without."""
    store = make_store(ref="s1")
    for number in range(6):
        word = f"RACE{number}"
        first = ended(store, code=word)

        def act(which: int, first: Promotion = first, word: str = word) -> str | None:
            try:
                if which:
                    extend(first)
                else:
                    make_promotion(store=store, code=word)
            except issuing.CodeTaken:
                return None
            return "extended" if which else "taken"

        done = [found for found in at_once(2, act) if found]
        assert len(done) == 1
        owner = PromoCode.objects.standing().get(code=word).promotion
        assert (owner == first) == (done == ["extended"])
        assert owner.state(clock.now() + timedelta(seconds=1)) == Promotion.State.LIVE
