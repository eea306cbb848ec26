"""Codes from a file: looked through, then imported in the background, nothing lost."""

import io
from datetime import timedelta

import pytest

from marketplace import clock
from marketplace.models import AuditEntry
from promocodes import code_files, importing, issuing, jobs, promotions
from promocodes.codes import CodeUnfit
from promocodes.importing import BatchMoved, TooManyFiles
from promocodes.models import CodeBatch, ImportedCode, PromoCode
from tests.factories.marketplace import make_store
from tests.factories.promocodes import make_promotion, make_terms
from tests.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def promotion(db):
    return make_promotion(code="OWN")


def check(promotion, text, name="codes.csv"):
    file = io.BytesIO(text.encode() if isinstance(text, str) else text)
    return importing.check(
        promotion_id=promotion.pk, file=file, file_name=name, actor="test", at=clock.now()
    )


def imported(batch) -> set[str]:
    return set(PromoCode.objects.filter(batch=batch).values_list("code", flat=True))


def test_counts_come_first_and_no_code_is_made(promotion) -> None:
    make_promotion(code="THEIRS")
    batch = check(promotion, "code\nA1\na1\nB2\nTHEIRS\nown\n=bad\nC3\nA1\n")
    assert (batch.count, batch.doubled, batch.taken, batch.unfit) == (3, 2, 2, 1)
    assert batch.examples == [
        [7, "=bad", "symbols"],
        [5, "THEIRS", "taken"],
        [6, "OWN", "taken"],
        [3, "A1", "doubled"],
        [9, "A1", "doubled"],
    ]
    assert batch.state == "checked"
    assert importing.import_due() == 0
    assert PromoCode.objects.count() == 2


def test_on_a_word_they_are_imported(promotion) -> None:
    batch = check(promotion, "ZED\nALPHA\nMID")
    importing.confirm(batch_id=batch.pk, actor="test")
    jobs.issue_batches()
    assert imported(batch) == {"ZED", "ALPHA", "MID"}
    batch.refresh_from_db()
    assert (batch.state, batch.made, batch.count) == ("done", 3, 3)
    assert batch.done_at is not None
    assert not ImportedCode.objects.exists()
    assert AuditEntry.objects.get(verb="codes.import").after == {"file": "codes.csv", "codes": 3}
    with pytest.raises(BatchMoved):
        importing.confirm(batch_id=batch.pk, actor="test")


def test_many_come_chunk_by_chunk_and_a_break_loses_none(promotion, monkeypatch) -> None:
    monkeypatch.setattr(importing, "CHUNK", 10)
    batch = check(promotion, "\n".join(f"CODE{n}" for n in range(35)))
    importing.confirm(batch_id=batch.pk, actor="test")
    assert importing.import_due(most=2) == 20
    batch.refresh_from_db()
    assert (batch.made, batch.count, batch.state) == (20, 35, "waiting")
    at_once(3, lambda _: importing.import_due())
    assert imported(batch) == {f"CODE{n}" for n in range(35)}
    batch.refresh_from_db()
    assert (batch.made, batch.state) == (35, "done")


def test_what_was_taken_meanwhile_is_told(promotion) -> None:
    batch = check(promotion, "A1\nB2")
    make_promotion(code="B2")
    importing.confirm(batch_id=batch.pk, actor="test")
    importing.import_due()
    batch.refresh_from_db()
    assert (batch.made, batch.count, batch.taken, batch.state) == (1, 1, 1, "done")


def test_two_files_with_the_same_words_make_each_once(promotion) -> None:
    other = make_promotion()
    words = "\n".join(f"CODE{n}" for n in range(300))
    batches = [check(promotion, words), check(other, words)]
    for batch in batches:
        importing.confirm(batch_id=batch.pk, actor="test")
    at_once(2, lambda _: importing.import_due())
    importing.import_due()
    assert PromoCode.objects.filter(code__startswith="CODE").count() == 300
    made = [CodeBatch.objects.get(pk=batch.pk).made for batch in batches]
    assert sum(made) == 300


def test_words_of_what_is_over_are_free(promotion) -> None:
    gone = make_promotion(code="A1")
    promotions.cancel(promotion_id=gone.pk, actor="test")
    ended = clock.now() - timedelta(days=1)
    make_promotion(code="B2", terms=make_terms(ends_at=ended))
    batch = check(promotion, "A1\nB2")
    assert (batch.count, batch.taken) == (2, 0)
    importing.confirm(batch_id=batch.pk, actor="test")
    importing.import_due()
    assert imported(batch) == {"A1", "B2"}
    assert PromoCode.objects.standing().filter(code="A1").get().promotion == promotion


def test_a_file_is_dropped_or_forgotten(promotion) -> None:
    batch = check(promotion, "A1")
    importing.drop(batch_id=batch.pk)
    assert not ImportedCode.objects.exists()
    with pytest.raises(BatchMoved):
        importing.confirm(batch_id=batch.pk, actor="test")
    old, young = check(promotion, "B2"), check(promotion, "C3")
    CodeBatch.objects.filter(pk=old.pk).update(created_at=clock.now() - timedelta(hours=25))
    jobs.issue_batches()
    assert [row.code for row in ImportedCode.objects.all()] == ["C3"]
    young.refresh_from_db()
    assert young.state == "checked"


def test_a_promotion_that_is_over_gets_none(promotion) -> None:
    batch = check(promotion, "A1\nB2")
    importing.confirm(batch_id=batch.pk, actor="test")
    promotions.cancel(promotion_id=promotion.pk, actor="test")
    assert importing.import_due() == 0
    batch.refresh_from_db()
    assert (batch.state, imported(batch)) == ("stopped", set())
    assert not ImportedCode.objects.exists()
    with pytest.raises(issuing.PromotionOver):
        check(promotion, "C3")


def test_bad_files_leave_nothing_behind(promotion, monkeypatch) -> None:
    monkeypatch.setattr(code_files, "MOST_CODES", 2)
    for text, refusal in [
        (b"PK\0\0", code_files.FileUnreadable),
        (b"A\nB\nC", code_files.TooManyCodes),
    ]:
        with pytest.raises(refusal):
            check(promotion, text)
    assert not CodeBatch.objects.exists()
    assert not ImportedCode.objects.exists()


def test_a_store_sends_only_so_many_files_a_day(promotion, monkeypatch) -> None:
    monkeypatch.setattr(importing, "FILES_A_DAY", 2)
    importing.drop(batch_id=check(promotion, "A1").pk)
    check(promotion, "A1")
    importing.add(promotion=promotion, words=["X1"], at=clock.now())
    with pytest.raises(TooManyFiles):
        check(promotion, "A1")
    check(make_promotion(store=make_store()), "A1")


def test_a_few_words_are_added_at_once(promotion) -> None:
    make_promotion(code="THEIRS")
    added = importing.add(promotion=promotion, words=["b2", "A1", "B2", "theirs"], at=clock.now())
    assert added.created == ("B2", "A1")
    assert added.taken == ("THEIRS",)
    batch = CodeBatch.objects.get()
    assert (batch.state, batch.made, batch.count, batch.taken) == ("done", 2, 2, 1)
    with pytest.raises(CodeUnfit):
        importing.add(promotion=promotion, words=["C3", "no way!"], at=clock.now())
