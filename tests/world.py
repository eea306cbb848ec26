"""Two stores with everything in them, told apart by a mark that shows wherever it leaks."""

from collections.abc import Iterable
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.db.models import AutoField, Model
from django.utils import timezone

from affiliates import agreements
from marketplace import clock
from marketplace.models import User
from tasks import assignments, submissions
from tests.factories.marketplace import (
    make_category,
    make_order,
    make_product,
    make_store,
    make_user,
)
from tests.factories.promocodes import make_promotion
from tests.factories.tasks import make_assignment, make_influencer, make_task

NEAR = 10_000
FAR = 910_000_000  # the other store's numbers begin here, so that they are found in a page


class World:
    """One store, its people, and rows of every floor; `mark` is in all its names.

    `code` is typed by people and comes back in pages: it alone is without the mark.
    """

    def __init__(self, mark: str, code: str) -> None:
        self.mark, self.code = mark, code
        self.owner = self.user("owner")
        self.manager = self.user("manager")
        self.store = make_store(
            owner=self.owner, manager=self.manager, name=f"{mark} shop", ref=f"{mark}-store"
        )
        self.category = make_category(name=f"{mark} category", ref=f"{mark}-category")
        self.product = make_product(
            store=self.store, category=self.category, name=f"{mark} cup", ref=f"{mark}-cup"
        )
        make_order(
            ref=f"{mark}-order",
            shopper_ref=f"{mark}-shopper",
            lines=[{"store": self.store, "product_ref": self.product.ref}],
        )
        self._task()

    def _task(self) -> None:
        """A shared code as a task, an influencer on it, and content that waits."""
        agreements.set_plan(store=self.store, rate_bp=800, starts_at=clock.now(), actor=self.owner)
        self.promotion = make_promotion(
            store=self.store,
            name=f"{self.mark} promotion",
            code=self.code,
            share_with_affiliates=True,
        )
        self.task = make_task(
            promotion=self.promotion, name=f"{self.mark} task", brief=f"{self.mark} brief"
        )
        influencer = make_influencer(name=f"{self.mark} influencer")
        self.assignment = make_assignment(task=self.task, affiliate=influencer)
        assignments.get_codes(assignment_id=self.assignment.pk, affiliate=influencer)
        self.submission = submissions.submit(
            assignment_id=self.assignment.pk,
            affiliate=influencer,
            url=f"https://example.com/{self.mark}",
            posted_on=timezone.localdate(),
        )

    def user(self, role: str) -> User:
        """A person of this world."""
        email = f"{role}@{self.mark.lower()}.example.com"
        return make_user(name=f"{self.mark} {role}", email=email, ref=f"{self.mark}-{role}")

    def rows(self, model: type[Model], path: str) -> list[Any]:
        """This store's rows of a model; there must be one, or nothing would be proved."""
        where = {"pk": self.store.pk} if path == "pk" else {path: self.store}
        found = list(model._default_manager.filter(**where).distinct())
        assert found, f"tests/world.py makes no {model._meta.label}: add one to World"
        return found

    def snapshot(self, models: Iterable[tuple[type[Model], str]]) -> Any:
        """Every column of this store's rows, to see whether anything changed."""
        return {
            model._meta.label: [
                {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}
                for row in sorted(self.rows(model, path), key=lambda row: str(row.pk))
            ]
            for model, path in models
        }


def number_from(start: int) -> None:
    """Let all numbered rows that are made from now on have numbers from `start` on."""
    with connection.cursor() as cursor:
        for model in {kind.model_class() for kind in ContentType.objects.all()} - {None}:
            key = model._meta.pk
            if isinstance(key, AutoField) and model._meta.managed:
                cursor.execute(
                    "SELECT setval(pg_get_serial_sequence(%s, %s), %s)",
                    [f'"{model._meta.db_table}"', key.column, start],
                )


def two_worlds() -> tuple[World, World]:
    """Alice's store (owner Alice, manager Bob) and Mallory's, which nobody of Alice's may see."""
    number_from(NEAR)  # numbers don't come back with the rows: an earlier test has been far away
    alice = World("ALICEQ1A", "HOMECODE10")
    number_from(FAR)
    return alice, World("MALLORYQ7Z", "STRANGECODE10")
