"""Codes that come from outside: a file that is looked through first, or a few in one call.

checked → waiting (somebody saw the counts and said go) → done; or stopped: dropped, forgotten, or
the promotion is over. The lines of a file stand in a table of their own until a job has made them
codes, chunk by chunk; so nothing hangs on the machine that took the file, and a million lines need
no more memory than a hundred. A word of a promotion that is over is free, as in `issuing`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import IO, Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models.functions import Now

from marketplace import audit
from marketplace.ids import uuid7
from promocodes import allowances, code_files, codes, issuing
from promocodes.code_files import Word
from promocodes.issuing import Actor
from promocodes.models import CodeBatch, ImportedCode, Promotion
from promocodes.words import JOINED, OVER, free

State = CodeBatch.State
CHUNK = 20_000
EXAMPLES = 20  # of each kind of line that is left out
KEPT = timedelta(days=1)  # how long a file waits for a word
FILES_A_DAY = 50  # of one store, so that nobody tries out which words are taken
MOST_AT_ONCE = 1_000

_IS_TAKEN = f"""EXISTS (
    SELECT FROM {JOINED} WHERE c.code = r.code AND c.revoked_at IS NULL AND {OVER} IS NOT TRUE)"""
_STAGE = f"""
    INSERT INTO promocodes_importedcode (batch_id, line, code)
    SELECT %s, r.line, r.code FROM (
        SELECT DISTINCT ON (code) line, code FROM promocodes_file ORDER BY code, line
    ) r WHERE NOT {_IS_TAKEN}"""  # noqa: S608
_TAKEN = f"""
    SELECT min(r.line), r.code FROM promocodes_file r WHERE {_IS_TAKEN}
    GROUP BY r.code ORDER BY 1 LIMIT {EXAMPLES}"""  # noqa: S608
_DOUBLED = f"""
    SELECT line, code FROM (
        SELECT line, code, row_number() OVER (PARTITION BY code ORDER BY line) AS place
        FROM promocodes_file
    ) r WHERE place > 1 ORDER BY line LIMIT {EXAMPLES}"""  # noqa: S608
_WRITE = """
    INSERT INTO promocodes_promocode (id, promotion_id, batch_id, code)
    SELECT one.id, %s, %s, one.code FROM unnest(%s::uuid[], %s::text[]) AS one(id, code)
    ON CONFLICT DO NOTHING RETURNING code"""
_NEXT = """
    DELETE FROM promocodes_importedcode WHERE id IN (
        SELECT id FROM promocodes_importedcode WHERE batch_id = %s ORDER BY line LIMIT %s
    ) RETURNING code"""


class TooManyFiles(Exception):
    """The store has sent enough files for one day."""

    code = "too_many_files"


class BatchMoved(Exception):
    """The file doesn't wait for a word any more."""

    code = "wrong_state"


@dataclass(frozen=True, slots=True)
class Added:
    """What became of words that came in one call; `taken` belong to somebody already."""

    created: tuple[str, ...]
    taken: tuple[str, ...]


@transaction.atomic
def check(
    *, promotion_id: UUID, file: IO[bytes], file_name: str, actor: Actor, at: datetime
) -> CodeBatch:
    """Look a file through: what is new, repeated, taken, unfit. No code is made yet.

    Raises `issuing.PromotionOver`, `TooManyFiles`, `allowances.TooManyToday`, and what
    `code_files.words` raises.
    """
    promotion = _going(promotion_id, at)
    _refuse_too_many(promotion, at)
    allowances.check(promotion=promotion)
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS promocodes_file")
        cursor.execute(
            "CREATE TEMPORARY TABLE promocodes_file (line integer, code varchar(64)) ON COMMIT DROP"
        )
        read, unfit = _copy(cursor, code_files.words(file))
        batch = CodeBatch.objects.create(
            promotion=promotion,
            file_name=" ".join(file_name.split())[-200:] or "codes.csv",
            count=0,
            unfit=unfit.total,
            state=State.CHECKED,
            created_by=issuing.person(actor),
        )
        cursor.execute("ANALYZE promocodes_file")
        cursor.execute("SELECT count(DISTINCT code) FROM promocodes_file")
        (distinct,) = cursor.fetchone()
        allowances.check(promotion=promotion, wanted=distinct)
        cursor.execute(_STAGE, [batch.pk])
        batch.count = cursor.rowcount
        batch.doubled, batch.taken = read - distinct, distinct - batch.count
        batch.examples = [
            *unfit.first,
            *(_examples(cursor, _TAKEN, "taken") if batch.taken else []),
            *(_examples(cursor, _DOUBLED, "doubled") if batch.doubled else []),
        ]
    batch.save(update_fields=["count", "doubled", "taken", "examples"])
    # Last, since it holds the store's row. The lines take room at once, so they count at once.
    allowances.take(promotion=promotion, wanted=batch.count)
    return batch


@transaction.atomic
def confirm(*, batch_id: UUID, actor: Actor) -> None:
    """Let the codes of a file that was looked through be made. Raises `BatchMoved`."""
    _move(batch_id, State.WAITING)
    batch = CodeBatch.objects.get(pk=batch_id)
    audit.record(
        actor=actor,
        verb="codes.import",
        target=f"promotion:{batch.promotion_id}",
        after={"file": batch.file_name, "codes": batch.count},
    )


@transaction.atomic
def drop(*, batch_id: UUID) -> None:
    """Throw a file that was looked through away. Raises `BatchMoved`."""
    _move(batch_id, State.STOPPED)
    _forget_lines(batch_id)
    batch = CodeBatch.objects.select_related("promotion").get(pk=batch_id)
    allowances.give_back(promotion=batch.promotion, count=batch.count, taken_at=batch.created_at)


def import_due(*, most: int = 200) -> int:
    """Make codes of the files that wait, one short transaction a chunk; returns how many.

    Any number of these may run at once; killed anywhere, it goes on where it was.
    """
    made = 0
    for _ in range(most):
        with transaction.atomic(durable=True):
            chunk = _import_chunk()
        if chunk is None:
            break
        made += chunk
    return made


def forget_old(*, at: datetime) -> None:
    """Drop files about which nobody said a word for a day."""
    old = CodeBatch.objects.filter(state=State.CHECKED, created_at__lt=at - KEPT)
    for pk in list(old.values_list("pk", flat=True)[:100]):
        try:
            drop(batch_id=pk)
        except BatchMoved:
            continue


@transaction.atomic
def add(*, promotion: Promotion, words: Sequence[str], at: datetime) -> Added:
    """Give a promotion words that somebody chose, as many as are free; repeated ones count once.

    All that are asked for count for the day, so that nobody tries words out without end.
    Raises `codes.CodeUnfit`, `issuing.PromotionOver`, `allowances.TooManyToday`.
    """
    chosen = list(dict.fromkeys(map(codes.chosen, words)))
    _going(promotion.pk, at)
    allowances.take(promotion=promotion, wanted=len(chosen))
    # A batch of its own, so that many words don't stand among the few that shoppers share.
    batch = CodeBatch.objects.create(promotion=promotion, count=0, state=State.DONE, done_at=at)
    created = _write(promotion.pk, batch.pk, chosen)
    counts = {"count": len(created), "made": len(created), "taken": len(chosen) - len(created)}
    CodeBatch.objects.filter(pk=batch.pk).update(**counts)
    return Added(
        created=tuple(word for word in chosen if word in created),
        taken=tuple(word for word in chosen if word not in created),
    )


class _Unfit:
    """How many lines can't be codes, and the first of them."""

    def __init__(self) -> None:
        self.total = 0
        self.first: list[list[Any]] = []

    def add(self, word: Word) -> None:
        """Note one."""
        self.total += 1
        if len(self.first) < EXAMPLES:
            self.first.append([word.line, word.text, word.why])


def _copy(cursor: Any, found: Iterable[Word]) -> tuple[int, _Unfit]:
    """Stream the words into the table of this transaction; how many, and the unfit ones."""
    read, unfit = 0, _Unfit()
    with cursor.copy("COPY promocodes_file (line, code) FROM STDIN") as copy:
        for word in found:
            if word.why:
                unfit.add(word)
            else:
                copy.write_row((word.line, word.code))
                read += 1
    return read, unfit


def _examples(cursor: Any, sql: str, why: str) -> list[list[Any]]:
    cursor.execute(sql)
    return [[line, code, why] for line, code in cursor.fetchall()]


def _import_chunk() -> int | None:
    batch = (
        CodeBatch.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("promotion")
        .filter(state=State.WAITING, pattern="")
        .order_by("pk")
        .first()
    )
    if batch is None:
        return None
    if batch.promotion.status not in issuing.GOING:
        CodeBatch.objects.filter(pk=batch.pk).update(state=State.STOPPED)
        _forget_lines(batch.pk)
        return 0
    with connection.cursor() as cursor:
        cursor.execute(_NEXT, [batch.pk, CHUNK])
        words = [row[0] for row in cursor.fetchall()]
    made = len(_write(batch.promotion_id, batch.pk, words))
    batch.made += made
    # What was taken since the file was looked through is told, not lost silently.
    batch.taken += len(words) - made
    batch.count -= len(words) - made
    if len(words) < CHUNK:
        batch.state = State.DONE
    batch.save(update_fields=["made", "taken", "count", "state"])
    if batch.state == State.DONE:
        CodeBatch.objects.filter(pk=batch.pk).update(done_at=Now())
    return made


def _write(promotion_id: UUID, batch_id: UUID | None, words: Sequence[str]) -> set[str]:
    """Make codes of the words that are free; which they were.

    In one order for all, so that two writers don't deadlock.
    """
    ordered = sorted(words)
    free(ordered)
    with connection.cursor() as cursor:
        cursor.execute(_WRITE, [promotion_id, batch_id, [uuid7() for _ in ordered], ordered])
        return {row[0] for row in cursor.fetchall()}


def _going(promotion_id: UUID, at: datetime) -> Promotion:
    promotion = Promotion.objects.select_related("terms").get(pk=promotion_id)
    issuing.check_going(promotion, at)
    return promotion


def _refuse_too_many(promotion: Promotion, at: datetime) -> None:
    if promotion.store_id is None:
        return
    sent = CodeBatch.objects.filter(
        promotion__store=promotion.store_id, pattern="", created_at__gt=at - timedelta(days=1)
    ).exclude(file_name="")
    if sent[:FILES_A_DAY].count() >= FILES_A_DAY:
        raise TooManyFiles


def _move(batch_id: UUID, to: str) -> None:
    if not CodeBatch.objects.filter(pk=batch_id, state=State.CHECKED).update(state=to):
        raise BatchMoved


def _forget_lines(batch_id: UUID) -> None:
    ImportedCode.objects.filter(batch=batch_id)._raw_delete(using=connection.alias)
