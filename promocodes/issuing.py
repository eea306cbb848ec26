"""Codes: one for a person or a holder, one shared by the seller, or many in the background.

A code stands until it is revoked. A word is free again once its promotion is over: whoever asks
for it then gets it, and the old code is revoked in the same breath (engine.md 10).
"""

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.db.models.functions import Now

from marketplace import audit
from marketplace.ids import uuid7_texts
from marketplace.models import ApiClient, User
from promocodes import allowances, codes, locks, words
from promocodes.models import CodeBatch, PromoCode, Promotion

Actor = User | ApiClient | str
MAX_BATCH = 1_000_000
CHUNK = 20_000
_ENDLESS_ROOM = 10**9
_TRIES = 20
CodeTaken = words.CodeTaken
GOING = (Promotion.Status.DRAFT, Promotion.Status.PENDING_APPROVAL, Promotion.Status.APPROVED)


class PromotionOver(Exception):
    """No code is issued for a promotion that has ended, was refused or cancelled."""

    code = "promotion_over"


class NoFreeCode(Exception):
    """The pattern has no room left."""

    code = "no_free_code"


def issue(
    *,
    promotion_id: UUID,
    at: datetime,
    holder: User | None = None,
    person: User | None = None,
    pattern: str | None = None,
) -> PromoCode:
    """Make one code. `holder` earns on its uses; `person` alone may use it.

    Without a pattern: 12 random symbols (60 bits), or 8 if the code is bound to a person.
    Inner verb: opens no transaction. Raises `PromotionOver`, `codes.PatternUnfit`, `NoFreeCode`.
    """
    promotion = Promotion.objects.select_related("terms").get(pk=promotion_id)
    check_going(promotion, at)
    own = codes.BEARER_PATTERN if person is None else codes.PERSONAL_PATTERN
    pattern = codes.check_pattern(pattern or own, count=1)
    for _ in range(_TRIES):
        code = PromoCode(
            promotion=promotion, code=codes.make(pattern), holder=holder, person=person
        )
        if _insert([code]):
            return code
    raise NoFreeCode


def share(
    *, promotion: Promotion, text: str, at: datetime, holder: User | None = None
) -> PromoCode:
    """Give a promotion a word that a person chose.

    Inner verb: opens no transaction. Raises `codes.CodeUnfit`, `PromotionOver` for one that was
    refused or cancelled, `CodeTaken`.
    """
    if promotion.status not in GOING:
        raise PromotionOver
    code = PromoCode(promotion=promotion, code=codes.chosen(text), holder=holder)
    if not _insert([code]):
        words.free([code.code], at=at)
        if not _insert([code]):
            raise CodeTaken(code.code)
    return code


@transaction.atomic
def revoke(*, code_id: UUID, actor: Actor, reason: str = "") -> PromoCode:
    """End one code at once; repeating it changes nothing. Uses that were held stay."""
    code = PromoCode.objects.get(pk=code_id)
    locks.hold_alone(code.promotion_id)
    if PromoCode.objects.filter(pk=code_id, revoked_at=None).update(revoked_at=Now()):
        audit.record(actor=actor, verb="code.revoke", target=f"code:{code_id}", reason=reason)
    code.refresh_from_db()
    return code


@transaction.atomic
def rotate(*, code_id: UUID, actor: Actor, at: datetime, reason: str = "") -> PromoCode:
    """Revoke a code that leaked and give its holder or person a new one.

    Raises `PromotionOver`.
    """
    old = revoke(code_id=code_id, actor=actor, reason=reason)
    return issue(promotion_id=old.promotion_id, at=at, holder=old.holder, person=old.person)


def order_batch(
    *, promotion: Promotion, count: int, actor: Actor, pattern: str | None = None
) -> CodeBatch:
    """Ask for many unique codes; a job makes them (`make_due`).

    Inner verb: opens no transaction. Raises `codes.PatternUnfit` or `allowances.TooManyToday`
    before any work is done.
    """
    if not 1 <= count <= MAX_BATCH:
        raise codes.PatternUnfit(pattern or codes.BEARER_PATTERN, count=count)
    pattern = codes.check_pattern(pattern or codes.BEARER_PATTERN, count=count)
    allowances.take(promotion=promotion, wanted=count)
    return CodeBatch.objects.create(
        promotion=promotion,
        pattern=pattern,
        count=count,
        created_by=person(actor),
    )


def make_due(*, most: int = 200) -> int:
    """Make codes of the batches that wait, one short transaction a chunk; returns how many.

    Any number of these may run at once; killed anywhere, it goes on where it was.
    """
    made = 0
    for _ in range(most):
        with transaction.atomic(durable=True):
            chunk = _make_chunk()
        if chunk is None:
            break
        made += chunk
    return made


def all_codes(promotion_id: UUID) -> Iterator[tuple[str, datetime, datetime | None]]:
    """Every code of a promotion, oldest first, with when it was made and revoked.

    Read in batches by key, so any number streams in bounded memory.
    """
    after: UUID | None = None
    while True:
        found = PromoCode.objects.filter(promotion=promotion_id).order_by("pk")
        if after is not None:
            found = found.filter(pk__gt=after)
        batch = list(found.values_list("pk", "code", "created_at", "revoked_at")[:CHUNK])
        yield from (row[1:] for row in batch)
        if len(batch) < CHUNK:
            return
        after = batch[-1][0]


def check_going(promotion: Promotion, at: datetime) -> None:
    """Raises `PromotionOver` for one that has ended, was refused or cancelled."""
    if promotion.status not in GOING or promotion.state(at) == Promotion.State.ENDED:
        raise PromotionOver


def person(actor: Actor) -> User | None:
    """Who is remembered as the one who asked; nobody for programs."""
    return actor if isinstance(actor, User) else None


def _make_chunk() -> int | None:
    batch = (
        CodeBatch.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("promotion")
        .filter(state=CodeBatch.State.WAITING)
        .exclude(pattern="")
        .order_by("pk")
        .first()
    )
    if batch is None:
        return None
    if batch.promotion.status not in GOING:
        batch.state = CodeBatch.State.STOPPED
        batch.save(update_fields=["state"])
        return 0
    wanted = min(CHUNK, batch.count - batch.made)
    made = _write(batch, list(dict.fromkeys(codes.make_many(batch.pattern, count=wanted))))
    done = batch.made + made == batch.count
    CodeBatch.objects.filter(pk=batch.pk).update(
        made=F("made") + made,
        state=CodeBatch.State.DONE if done else CodeBatch.State.WAITING,
        done_at=Now() if done else None,
    )
    return made


def _write(batch: CodeBatch, made: list[str]) -> int:
    """Write codes whose words are free; how many that were.

    With endless room no word is taken, so the rows are streamed in; should one be after all, or
    with less room, each is tried by itself.
    """
    if codes.key_space(batch.pattern) >= batch.count * _ENDLESS_ROOM:
        try:
            with transaction.atomic():
                _stream(batch, made)
            return len(made)
        except IntegrityError:
            pass
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO promocodes_promocode (id, promotion_id, batch_id, code)"
            " SELECT one.id, %s, %s, one.code FROM unnest(%s::uuid[], %s::text[]) AS one(id, code)"
            " ON CONFLICT DO NOTHING",
            [batch.promotion_id, batch.pk, uuid7_texts(len(made)), made],
        )
        return int(cursor.rowcount)


def _stream(batch: CodeBatch, made: list[str]) -> None:
    into = "COPY promocodes_promocode (id, promotion_id, batch_id, code) FROM STDIN"
    # A pattern holds letters, digits, hyphens, dots and underscores: nothing that COPY would read.
    of = f"\t{batch.promotion_id}\t{batch.pk}\t"
    rows = [f"{key}{of}{word}\n" for key, word in zip(uuid7_texts(len(made)), made, strict=True)]
    with connection.cursor() as cursor, cursor.copy(into) as copy:
        copy.write("".join(rows))


def _insert(rows: list[PromoCode]) -> int:
    """Insert the codes whose words are free; how many that were."""
    ids = [row.pk for row in rows]
    PromoCode.objects.bulk_create(rows, ignore_conflicts=True)
    return PromoCode.objects.filter(pk__in=ids).count()
