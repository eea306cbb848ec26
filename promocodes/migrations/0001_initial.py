"""Promotions, codes, limits, and the ledger of their uses."""

import re

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.core.validators
import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.datetime
import django.db.models.functions.text
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models

import marketplace.ids
import marketplace.models.fields


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("marketplace", "0001_initial"),
        ("marketplace", "__first__"),
    ]

    operations = [
        migrations.CreateModel(
            name="Checkout",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=marketplace.ids.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "client",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="marketplace.apiclient",
                    ),
                ),
                (
                    "store",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="marketplace.store",
                    ),
                ),
                (
                    "order_ref",
                    models.CharField(
                        blank=True,
                        max_length=64,
                        null=True,
                        validators=[
                            django.core.validators.RegexValidator(
                                re.compile("^[A-Za-z0-9._:\\-]{1,64}\\Z"),
                                "Use 1 to 64 of A-Z, a-z, 0-9, dot, underscore, colon and hyphen.",
                                code="ref",
                            )
                        ],
                        verbose_name="order",
                    ),
                ),
                (
                    "shopper_ref",
                    marketplace.models.fields.RefField(
                        blank=True, max_length=64, verbose_name="shopper's id"
                    ),
                ),
                (
                    "persons",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BinaryField(max_length=16),
                        blank=True,
                        null=True,
                        size=None,
                        verbose_name="identities",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("held", "held"),
                            ("redeemed", "redeemed"),
                            ("part_reversed", "partly reversed"),
                            ("reversed", "reversed"),
                            ("released", "released"),
                            ("expired", "expired"),
                        ],
                        max_length=15,
                        verbose_name="state",
                    ),
                ),
                (
                    "currency",
                    marketplace.models.fields.CurrencyField(max_length=3, verbose_name="currency"),
                ),
                ("subtotal_minor", models.BigIntegerField(verbose_name="subtotal, minor units")),
                (
                    "shipping_minor",
                    models.BigIntegerField(default=0, verbose_name="shipping, minor units"),
                ),
                (
                    "discount_minor",
                    models.BigIntegerField(default=0, verbose_name="discount, minor units"),
                ),
                (
                    "shipping_discount_minor",
                    models.BigIntegerField(
                        default=0, verbose_name="shipping discount, minor units"
                    ),
                ),
                ("cart", models.JSONField(verbose_name="cart")),
                ("cart_digest", models.CharField(editable=False, max_length=64)),
                ("digest", models.CharField(editable=False, max_length=64)),
                (
                    "returned",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.PositiveIntegerField(),
                        size=None,
                        verbose_name="units returned by line",
                    ),
                ),
                ("decided_at", models.DateTimeField(verbose_name="decided")),
                (
                    "expires_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="held until"),
                ),
                (
                    "redeemed_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="redeemed at"),
                ),
            ],
            options={
                "verbose_name": "checkout",
                "verbose_name_plural": "checkouts",
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "held")),
                        fields=["expires_at"],
                        name="checkout_held",
                    ),
                    models.Index(
                        condition=models.Q(("state", "redeemed"), _negated=True),
                        fields=["state", "id"],
                        name="checkout_unusual_newest",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("order_ref__isnull", False)),
                        fields=("order_ref", "store"),
                        name="checkout_once_per_order",
                        nulls_distinct=False,
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("discount_minor__gte", 0),
                            ("discount_minor__lte", models.F("subtotal_minor")),
                            ("shipping_discount_minor__gte", 0),
                            ("shipping_discount_minor__lte", models.F("shipping_minor")),
                            ("shipping_minor__gte", 0),
                            ("subtotal_minor__gte", 0),
                        ),
                        name="checkout_discount_within_cart",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("order_ref__isnull", False),
                                ("redeemed_at__isnull", False),
                                ("state__in", ["redeemed", "part_reversed", "reversed"]),
                            ),
                            models.Q(
                                ("expires_at__isnull", False),
                                ("order_ref", None),
                                ("redeemed_at", None),
                                ("state__in", ["held", "released", "expired"]),
                            ),
                            _connector="OR",
                        ),
                        name="checkout_state_has_its_facts",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="MissCount",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("source", models.BinaryField(max_length=16)),
                ("since", models.DateTimeField()),
                ("misses", models.PositiveIntegerField(default=1)),
            ],
            options={
                "indexes": [models.Index(fields=["since"], name="miss_count_oldest")],
                "constraints": [
                    models.UniqueConstraint(fields=("source", "since"), name="miss_count_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="Reversal",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=marketplace.ids.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "checkout",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reversals",
                        to="promocodes.checkout",
                    ),
                ),
                (
                    "reversal_ref",
                    marketplace.models.fields.RefField(max_length=64, verbose_name="reversal"),
                ),
                (
                    "cause",
                    models.CharField(
                        choices=[
                            ("unpaid", "never paid"),
                            ("cancelled", "order cancelled"),
                            ("refunded", "goods returned"),
                            ("fraud", "fraud"),
                        ],
                        max_length=10,
                        verbose_name="cause",
                    ),
                ),
                ("asked", models.JSONField(verbose_name="asked for")),
                ("lines", models.JSONField(verbose_name="lines")),
                (
                    "discount_minor",
                    models.BigIntegerField(verbose_name="discount returned, minor units"),
                ),
                (
                    "shipping_discount_minor",
                    models.BigIntegerField(
                        default=0, verbose_name="shipping discount returned, minor units"
                    ),
                ),
                (
                    "amount_minor",
                    models.BigIntegerField(verbose_name="amount returned, minor units"),
                ),
                ("uses_returned", models.PositiveSmallIntegerField(verbose_name="uses given back")),
                (
                    "state_after",
                    models.CharField(
                        choices=[
                            ("held", "held"),
                            ("redeemed", "redeemed"),
                            ("part_reversed", "partly reversed"),
                            ("reversed", "reversed"),
                            ("released", "released"),
                            ("expired", "expired"),
                        ],
                        max_length=15,
                        verbose_name="state after",
                    ),
                ),
                (
                    "recorded_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        editable=False,
                        verbose_name="recorded",
                    ),
                ),
            ],
            options={
                "verbose_name": "reversal",
                "verbose_name_plural": "reversals",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("checkout", "reversal_ref"), name="reversal_ref_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("amount_minor__gte", 0),
                            ("discount_minor__gte", 0),
                            ("shipping_discount_minor__gte", 0),
                        ),
                        name="reversal_not_negative",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="CodeBatch",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=marketplace.ids.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("pattern", models.CharField(blank=True, max_length=64, verbose_name="pattern")),
                ("file_name", models.CharField(blank=True, max_length=200, verbose_name="file")),
                ("count", models.PositiveIntegerField(verbose_name="codes asked for")),
                ("made", models.PositiveIntegerField(default=0, verbose_name="codes made")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("checked", "looked through"),
                            ("waiting", "waiting"),
                            ("done", "done"),
                            ("stopped", "stopped"),
                        ],
                        default="waiting",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                (
                    "doubled",
                    models.PositiveIntegerField(default=0, verbose_name="repeated in the file"),
                ),
                ("taken", models.PositiveIntegerField(default=0, verbose_name="taken already")),
                ("unfit", models.PositiveIntegerField(default=0, verbose_name="unfit")),
                (
                    "examples",
                    models.JSONField(
                        blank=True,
                        default=list,
                        help_text="The first lines left out: [line, text, reason].",
                    ),
                ),
                (
                    "created_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        editable=False,
                        verbose_name="created",
                    ),
                ),
                ("done_at", models.DateTimeField(blank=True, null=True, verbose_name="done at")),
            ],
            options={
                "verbose_name": "batch of codes",
                "verbose_name_plural": "batches of codes",
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "waiting")),
                        fields=["id"],
                        name="batch_waiting",
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("count__gte", 1), ("pattern", ""), _connector="OR"),
                            ("made__lte", models.F("count")),
                        ),
                        name="batch_made_within_count",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "done"), _negated=True),
                            ("made", models.F("count")),
                            _connector="OR",
                        ),
                        name="batch_done_is_whole",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ImportedCode",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "batch",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="imported",
                        to="promocodes.codebatch",
                    ),
                ),
                ("line", models.PositiveIntegerField()),
                ("code", models.CharField(max_length=64)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("batch", "line"), name="imported_line_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="Promotion",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=marketplace.ids.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("store", "store code"),
                            ("social", "social media code"),
                            ("platform", "platform code"),
                            ("referral", "friends' code"),
                        ],
                        max_length=10,
                        verbose_name="kind",
                    ),
                ),
                (
                    "store",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="promotions",
                        to="marketplace.store",
                        verbose_name="store",
                    ),
                ),
                ("name", models.CharField(max_length=200, verbose_name="name")),
                (
                    "currency",
                    marketplace.models.fields.CurrencyField(max_length=3, verbose_name="currency"),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("draft", "draft"),
                            ("pending_approval", "waiting for approval"),
                            ("approved", "approved"),
                            ("refused", "refused"),
                            ("cancelled", "cancelled"),
                        ],
                        max_length=20,
                        verbose_name="status",
                    ),
                ),
                (
                    "share_with_affiliates",
                    models.BooleanField(
                        default=False,
                        help_text="Can't be changed after the promotion is created.",
                        verbose_name="share this promo code with influencers and affiliates",
                    ),
                ),
                (
                    "total_limit",
                    models.PositiveIntegerField(
                        blank=True, null=True, verbose_name="total redemptions"
                    ),
                ),
                (
                    "per_person_limit",
                    models.PositiveSmallIntegerField(
                        blank=True, null=True, verbose_name="redemptions per person"
                    ),
                ),
                (
                    "per_code_limit",
                    models.PositiveSmallIntegerField(
                        blank=True, null=True, verbose_name="redemptions per code"
                    ),
                ),
                (
                    "budget_minor",
                    models.BigIntegerField(
                        blank=True, null=True, verbose_name="budget, minor units"
                    ),
                ),
                (
                    "budget_edge",
                    models.CharField(
                        choices=[("refuse", "refuse the code"), ("partial", "give what is left")],
                        default="refuse",
                        max_length=10,
                        verbose_name="at the budget's edge",
                    ),
                ),
                (
                    "created_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="created by",
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        editable=False,
                        verbose_name="created",
                    ),
                ),
                (
                    "approved_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="approved at"),
                ),
                ("refused_reason", models.TextField(blank=True, verbose_name="why it was refused")),
                (
                    "cancelled_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="cancelled at"),
                ),
            ],
            options={
                "verbose_name": "promotion",
                "verbose_name_plural": "promotions",
                "indexes": [
                    models.Index(fields=["store", "id"], name="promotion_store_newest"),
                    models.Index(fields=["status", "id"], name="promotion_status_newest"),
                    models.Index(
                        django.contrib.postgres.indexes.OpClass(
                            django.db.models.functions.text.Upper("name"), "text_pattern_ops"
                        ),
                        name="promotion_name_start",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("id", "store"), name="promotion_of_store"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("kind__in", ["store", "social"]), ("store__isnull", False)),
                            models.Q(("kind", "platform"), ("store", None)),
                            ("kind", "referral"),
                            _connector="OR",
                        ),
                        name="promotion_store_fits_kind",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("total_limit", None), ("total_limit__gte", 1), _connector="OR"
                            ),
                            models.Q(
                                ("per_person_limit", None),
                                ("per_person_limit__gte", 1),
                                _connector="OR",
                            ),
                            models.Q(
                                ("per_code_limit", None),
                                ("per_code_limit__gte", 1),
                                _connector="OR",
                            ),
                            models.Q(
                                ("budget_minor", None), ("budget_minor__gte", 1), _connector="OR"
                            ),
                        ),
                        name="promotion_limits_positive",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("status", "approved"), _negated=True),
                            ("approved_at__isnull", False),
                            _connector="OR",
                        ),
                        name="promotion_approved_has_time",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("cancelled_at__isnull", False), ("status", "cancelled")),
                            models.Q(
                                models.Q(("status", "cancelled"), _negated=True),
                                ("cancelled_at", None),
                            ),
                            _connector="OR",
                        ),
                        name="promotion_cancelled_has_time",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="PromoCode",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=marketplace.ids.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "promotion",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="codes",
                        to="promocodes.promotion",
                        verbose_name="promotion",
                    ),
                ),
                ("code", models.CharField(max_length=64, verbose_name="code")),
                (
                    "holder",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="held_codes",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="who earns on it",
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="personal_codes",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="who alone may use it",
                    ),
                ),
                (
                    "batch",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="codes",
                        to="promocodes.codebatch",
                        verbose_name="batch",
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        editable=False,
                        verbose_name="created",
                    ),
                ),
                (
                    "revoked_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="revoked at"),
                ),
            ],
            options={
                "verbose_name": "promo code",
                "verbose_name_plural": "promo codes",
                "indexes": [
                    models.Index(
                        condition=models.Q(("revoked_at__isnull", False)),
                        fields=["code"],
                        name="code_revoked",
                    ),
                    models.Index(
                        condition=models.Q(("holder__isnull", False)),
                        fields=["holder"],
                        name="code_holder",
                    ),
                    models.Index(
                        condition=models.Q(("person__isnull", False)),
                        fields=["person"],
                        name="code_person",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("revoked_at", None)),
                        fields=("code",),
                        name="code_once_among_standing",
                    ),
                    models.UniqueConstraint(fields=("promotion", "id"), name="code_of_promotion"),
                ],
            },
        ),
        migrations.CreateModel(
            name="PromotionCounter",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "promotion",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="counters",
                        to="promocodes.promotion",
                    ),
                ),
                ("slot", models.PositiveSmallIntegerField(default=0)),
                (
                    "quota",
                    models.PositiveIntegerField(blank=True, null=True, verbose_name="uses allowed"),
                ),
                ("taken", models.PositiveIntegerField(default=0, verbose_name="uses taken")),
                (
                    "budget_minor",
                    models.BigIntegerField(
                        blank=True, null=True, verbose_name="budget, minor units"
                    ),
                ),
                (
                    "spent_minor",
                    models.BigIntegerField(default=0, verbose_name="budget taken, minor units"),
                ),
            ],
            options={
                "verbose_name": "counter",
                "verbose_name_plural": "counters",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("promotion", "slot"), name="counter_once_per_slot"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("taken__gte", 0),
                            models.Q(
                                ("quota", None), ("taken__lte", models.F("quota")), _connector="OR"
                            ),
                        ),
                        name="counter_taken_within_quota",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("spent_minor__gte", 0),
                            models.Q(
                                ("budget_minor", None),
                                ("spent_minor__lte", models.F("budget_minor")),
                                _connector="OR",
                            ),
                        ),
                        name="counter_spent_within_budget",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="PromotionTerms",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=marketplace.ids.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "promotion",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="versions",
                        to="promocodes.promotion",
                    ),
                ),
                ("version", models.PositiveIntegerField(verbose_name="version")),
                (
                    "discount_type",
                    models.CharField(
                        choices=[
                            ("percent", "percent"),
                            ("fixed", "fixed amount"),
                            ("free_shipping", "free shipping"),
                        ],
                        max_length=15,
                        verbose_name="discount",
                    ),
                ),
                (
                    "percent_bp",
                    models.PositiveIntegerField(
                        blank=True,
                        help_text="1250 means 12.5 percent.",
                        null=True,
                        verbose_name="percent, hundredths",
                    ),
                ),
                (
                    "amount_minor",
                    models.BigIntegerField(
                        blank=True, null=True, verbose_name="amount, minor units"
                    ),
                ),
                (
                    "max_discount_minor",
                    models.BigIntegerField(
                        blank=True, null=True, verbose_name="at most, minor units"
                    ),
                ),
                (
                    "allocation",
                    models.CharField(
                        choices=[
                            ("across", "across all fitting lines"),
                            ("each_unit", "on each unit"),
                            ("each_line", "on each line"),
                            ("cheapest_unit", "on the cheapest unit"),
                        ],
                        default="across",
                        max_length=15,
                        verbose_name="spread",
                    ),
                ),
                (
                    "max_units_per_line",
                    models.PositiveIntegerField(
                        blank=True, null=True, verbose_name="units per line"
                    ),
                ),
                (
                    "scope",
                    models.CharField(
                        choices=[
                            ("storewide", "storewide"),
                            ("products", "set products"),
                            ("categories", "set categories"),
                        ],
                        default="storewide",
                        max_length=10,
                        verbose_name="code type",
                    ),
                ),
                (
                    "products",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=marketplace.models.fields.RefField(max_length=64),
                        blank=True,
                        default=list,
                        size=None,
                        verbose_name="products",
                    ),
                ),
                (
                    "categories",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=marketplace.models.fields.RefField(max_length=64),
                        blank=True,
                        default=list,
                        size=None,
                        verbose_name="categories",
                    ),
                ),
                (
                    "exclude_products",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=marketplace.models.fields.RefField(max_length=64),
                        blank=True,
                        default=list,
                        size=None,
                        verbose_name="products left out",
                    ),
                ),
                (
                    "stores",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=marketplace.models.fields.RefField(max_length=64),
                        blank=True,
                        default=list,
                        size=None,
                        verbose_name="stores",
                    ),
                ),
                (
                    "min_spend_minor",
                    models.BigIntegerField(default=0, verbose_name="minimum spend, minor units"),
                ),
                (
                    "min_spend_basis",
                    models.CharField(
                        choices=[
                            ("undiscounted", "before any code"),
                            ("after_earlier_codes", "after the codes applied earlier"),
                        ],
                        default="undiscounted",
                        max_length=20,
                        verbose_name="minimum spend counts",
                    ),
                ),
                (
                    "first_order_only",
                    models.BooleanField(default=False, verbose_name="first order only"),
                ),
                (
                    "stacking",
                    models.CharField(
                        choices=[
                            ("default", "one code per seller"),
                            ("stackable", "goes with other codes"),
                            ("exclusive", "stands alone"),
                        ],
                        default="default",
                        max_length=10,
                        verbose_name="with other codes",
                    ),
                ),
                (
                    "priority",
                    models.IntegerField(
                        default=100, help_text="The higher applies first.", verbose_name="priority"
                    ),
                ),
                (
                    "gives_back_for",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(
                            choices=[
                                ("unpaid", "never paid"),
                                ("cancelled", "order cancelled"),
                                ("refunded", "goods returned"),
                                ("fraud", "fraud"),
                            ],
                            max_length=10,
                        ),
                        blank=True,
                        default=list,
                        size=None,
                        verbose_name="a use comes back when",
                    ),
                ),
                ("starts_at", models.DateTimeField(verbose_name="starts")),
                ("ends_at", models.DateTimeField(blank=True, null=True, verbose_name="ends")),
                (
                    "timezone",
                    models.CharField(default="UTC", max_length=50, verbose_name="time zone"),
                ),
                (
                    "starts_local",
                    models.CharField(max_length=26, verbose_name="starts, local time"),
                ),
                (
                    "ends_local",
                    models.CharField(blank=True, max_length=26, verbose_name="ends, local time"),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        editable=False,
                        verbose_name="created",
                    ),
                ),
            ],
            options={
                "verbose_name": "terms of a promotion",
                "verbose_name_plural": "terms of promotions",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("promotion", "version"), name="terms_version_once"
                    ),
                    models.UniqueConstraint(fields=("id", "promotion"), name="terms_of_promotion"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("amount_minor", None),
                                ("discount_type", "percent"),
                                ("percent_bp__gte", 1),
                                ("percent_bp__lte", 10000),
                            ),
                            models.Q(
                                ("amount_minor__gte", 1),
                                ("discount_type", "fixed"),
                                ("percent_bp", None),
                            ),
                            models.Q(
                                ("amount_minor", None),
                                ("discount_type", "free_shipping"),
                                ("percent_bp", None),
                            ),
                            _connector="OR",
                        ),
                        name="terms_discount_fits_type",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("max_discount_minor", None),
                                ("max_discount_minor__gte", 1),
                                _connector="OR",
                            ),
                            models.Q(
                                ("max_units_per_line", None),
                                ("max_units_per_line__gte", 1),
                                _connector="OR",
                            ),
                            ("min_spend_minor__gte", 0),
                        ),
                        name="terms_amounts_positive",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("ends_at", None),
                            ("ends_at__gt", models.F("starts_at")),
                            _connector="OR",
                        ),
                        name="terms_window_not_empty",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("scope", "products"), models.Q(("products", []), _negated=True)
                            ),
                            models.Q(
                                models.Q(("scope", "products"), _negated=True), ("products", [])
                            ),
                            _connector="OR",
                        ),
                        name="terms_products_fit_scope",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("scope", "categories"), models.Q(("categories", []), _negated=True)
                            ),
                            models.Q(
                                models.Q(("scope", "categories"), _negated=True), ("categories", [])
                            ),
                            _connector="OR",
                        ),
                        name="terms_categories_fit_scope",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Redemption",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=marketplace.ids.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "checkout",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="redemptions",
                        to="promocodes.checkout",
                    ),
                ),
                (
                    "code",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="redemptions",
                        to="promocodes.promocode",
                    ),
                ),
                (
                    "promotion",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="redemptions",
                        to="promocodes.promotion",
                    ),
                ),
                (
                    "terms",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="redemptions",
                        to="promocodes.promotionterms",
                    ),
                ),
                (
                    "store",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="redemptions",
                        to="marketplace.store",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("reserved", "reserved"),
                            ("redeemed", "redeemed"),
                            ("part_reversed", "partly reversed"),
                            ("reversed", "reversed"),
                            ("released", "released"),
                            ("expired", "expired"),
                        ],
                        max_length=15,
                        verbose_name="state",
                    ),
                ),
                ("discount_minor", models.BigIntegerField(verbose_name="discount, minor units")),
                (
                    "shipping_discount_minor",
                    models.BigIntegerField(
                        default=0, verbose_name="shipping discount, minor units"
                    ),
                ),
                (
                    "returned_minor",
                    models.BigIntegerField(
                        default=0, verbose_name="discount returned, minor units"
                    ),
                ),
                ("sales_minor", models.BigIntegerField(verbose_name="sales, minor units")),
                (
                    "is_given_back",
                    models.BooleanField(default=False, verbose_name="use given back"),
                ),
                ("decided_at", models.DateTimeField(verbose_name="decided")),
                (
                    "redeemed_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="redeemed"),
                ),
            ],
            options={
                "verbose_name": "redemption",
                "verbose_name_plural": "redemptions",
                "indexes": [
                    models.Index(fields=["promotion", "id"], name="redemption_promotion_newest"),
                    models.Index(
                        condition=models.Q(("store__isnull", False)),
                        fields=["store", "id"],
                        name="redemption_store_newest",
                    ),
                    models.Index(
                        condition=models.Q(("state", "reserved")),
                        fields=["promotion"],
                        name="redemption_held",
                    ),
                    models.Index(
                        condition=models.Q(("state", "redeemed"), _negated=True),
                        fields=["state", "id"],
                        name="redemption_unusual_newest",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("checkout", "promotion"), name="promotion_once_per_checkout"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("discount_minor__gte", 0),
                            ("returned_minor__gte", 0),
                            (
                                "returned_minor__lte",
                                django.db.models.expressions.CombinedExpression(
                                    models.F("discount_minor"),
                                    "+",
                                    models.F("shipping_discount_minor"),
                                ),
                            ),
                            ("shipping_discount_minor__gte", 0),
                        ),
                        name="redemption_returned_within_discount",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("sales_minor__gte", 0)),
                        name="redemption_sales_not_negative",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="RedemptionLine",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "redemption",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="lines",
                        to="promocodes.redemption",
                    ),
                ),
                (
                    "line_ref",
                    marketplace.models.fields.RefField(max_length=64, verbose_name="line"),
                ),
                (
                    "store",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="marketplace.store",
                    ),
                ),
                ("quantity", models.PositiveIntegerField(verbose_name="quantity")),
                (
                    "units",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(),
                        size=None,
                        verbose_name="shares by unit, minor units",
                    ),
                ),
                ("discount_minor", models.BigIntegerField(verbose_name="discount, minor units")),
                (
                    "returned_quantity",
                    models.PositiveIntegerField(default=0, verbose_name="units returned"),
                ),
                (
                    "returned_minor",
                    models.BigIntegerField(
                        default=0, verbose_name="discount returned, minor units"
                    ),
                ),
            ],
            options={
                "verbose_name": "line of a redemption",
                "verbose_name_plural": "lines of redemptions",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("redemption", "line_ref"), name="redemption_line_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("discount_minor__gte", 1),
                            ("returned_quantity__lte", models.F("quantity")),
                            ("returned_minor__gte", 0),
                            ("returned_minor__lte", models.F("discount_minor")),
                        ),
                        name="redemption_line_returned_within",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ReversalLine",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "reversal",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="parts",
                        to="promocodes.reversal",
                    ),
                ),
                (
                    "redemption_line",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reversals",
                        to="promocodes.redemptionline",
                    ),
                ),
                ("quantity", models.PositiveIntegerField(verbose_name="quantity")),
                (
                    "discount_minor",
                    models.BigIntegerField(verbose_name="discount returned, minor units"),
                ),
            ],
            options={
                "verbose_name": "line of a reversal",
                "verbose_name_plural": "lines of reversals",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("reversal", "redemption_line"), name="reversal_line_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("discount_minor__gte", 0), ("quantity__gte", 1)),
                        name="reversal_line_not_negative",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="UseSlot",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "promotion",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="promocodes.promotion",
                    ),
                ),
                ("identity", models.BinaryField(max_length=16)),
                ("slot", models.PositiveSmallIntegerField()),
                (
                    "redemption",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="slots",
                        to="promocodes.redemption",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("promotion", "identity", "slot"), name="use_slot_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("slot__gte", 1)), name="use_slot_from_one"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="DecisionNotice",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=marketplace.ids.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "promotion",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="promocodes.promotion",
                    ),
                ),
                (
                    "member",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "decision",
                    models.CharField(
                        choices=[
                            ("approved", "approved"),
                            ("refused", "refused"),
                            ("cancelled", "cancelled"),
                        ],
                        max_length=10,
                    ),
                ),
                ("reason", models.TextField(blank=True)),
                ("decided_at", models.DateTimeField()),
                ("due_at", models.DateTimeField()),
                ("tries", models.PositiveSmallIntegerField(default=0)),
                ("told_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "verbose_name": "notice of a decision",
                "verbose_name_plural": "notices of decisions",
                "indexes": [
                    models.Index(
                        condition=models.Q(("told_at", None)), fields=["due_at"], name="notice_owed"
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("promotion", "member", "decided_at"),
                        name="notice_once_per_decision",
                    )
                ],
            },
        ),
        migrations.AddField(
            model_name="codebatch",
            name="promotion",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="batches",
                to="promocodes.promotion",
                verbose_name="promotion",
            ),
        ),
        migrations.AddField(
            model_name="promotion",
            name="terms",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="promocodes.promotionterms",
                verbose_name="terms in force",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="checkout",
            trigger=pgtrigger.compiler.Trigger(
                name="frozen_checkout",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."client_id" IS DISTINCT FROM (NEW."client_id") OR OLD."store_id" IS DISTINCT FROM (NEW."store_id") OR OLD."currency" IS DISTINCT FROM (NEW."currency") OR OLD."subtotal_minor" IS DISTINCT FROM (NEW."subtotal_minor") OR OLD."shipping_minor" IS DISTINCT FROM (NEW."shipping_minor") OR OLD."discount_minor" IS DISTINCT FROM (NEW."discount_minor") OR OLD."shipping_discount_minor" IS DISTINCT FROM (NEW."shipping_discount_minor") OR OLD."cart" IS DISTINCT FROM (NEW."cart") OR OLD."cart_digest" IS DISTINCT FROM (NEW."cart_digest") OR OLD."digest" IS DISTINCT FROM (NEW."digest") OR OLD."decided_at" IS DISTINCT FROM (NEW."decided_at"))',
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="5162bfbfb49ca9708a8a64540b8996a2db21fda4",
                    operation="UPDATE",
                    pgid="pgtrigger_frozen_checkout_c0478",
                    table="promocodes_checkout",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="checkout",
            trigger=pgtrigger.compiler.Trigger(
                name="keep_checkout",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                    hash="59e639e5781ae70a9b929124dddf1cc9d7cfadf0",
                    operation="DELETE",
                    pgid="pgtrigger_keep_checkout_c938f",
                    table="promocodes_checkout",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="promocode",
            trigger=pgtrigger.compiler.Trigger(
                name="frozen_code",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."promotion_id" IS DISTINCT FROM (NEW."promotion_id") OR OLD."code" IS DISTINCT FROM (NEW."code") OR OLD."person_id" IS DISTINCT FROM (NEW."person_id") OR OLD."batch_id" IS DISTINCT FROM (NEW."batch_id") OR OLD."created_at" IS DISTINCT FROM (NEW."created_at"))',
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="daa5bd7b68534caf5cc01522f0b17035c77f765c",
                    operation="UPDATE",
                    pgid="pgtrigger_frozen_code_8f9cb",
                    table="promocodes_promocode",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="promocode",
            trigger=pgtrigger.compiler.Trigger(
                name="keep_code",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                    hash="9a2e1f7d04e8c9f3b9473fd8fc5ac13f6247f994",
                    operation="DELETE",
                    pgid="pgtrigger_keep_code_5b840",
                    table="promocodes_promocode",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="promotionterms",
            trigger=pgtrigger.compiler.Trigger(
                name="append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="649f9225d2598e9c9ff5364afaea0a49ce7c788d",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_append_only_c326a",
                    table="promocodes_promotionterms",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="promotion",
            trigger=pgtrigger.compiler.Trigger(
                name="frozen_at_creation",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."share_with_affiliates" IS DISTINCT FROM (NEW."share_with_affiliates") OR OLD."kind" IS DISTINCT FROM (NEW."kind") OR OLD."store_id" IS DISTINCT FROM (NEW."store_id") OR OLD."currency" IS DISTINCT FROM (NEW."currency") OR OLD."created_at" IS DISTINCT FROM (NEW."created_at"))',
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="5253f1a6e1d36c33db86186a5616ffdbda1d465c",
                    operation="UPDATE",
                    pgid="pgtrigger_frozen_at_creation_aba55",
                    table="promocodes_promotion",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="promotion",
            trigger=pgtrigger.compiler.Trigger(
                name="keep_promotion",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                    hash="72b71b3eeda20de7841c4e782e7fa244e0ea6c18",
                    operation="DELETE",
                    pgid="pgtrigger_keep_promotion_83e7e",
                    table="promocodes_promotion",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="redemption",
            trigger=pgtrigger.compiler.Trigger(
                name="frozen_redemption",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."checkout_id" IS DISTINCT FROM (NEW."checkout_id") OR OLD."code_id" IS DISTINCT FROM (NEW."code_id") OR OLD."promotion_id" IS DISTINCT FROM (NEW."promotion_id") OR OLD."terms_id" IS DISTINCT FROM (NEW."terms_id") OR OLD."store_id" IS DISTINCT FROM (NEW."store_id") OR OLD."discount_minor" IS DISTINCT FROM (NEW."discount_minor") OR OLD."shipping_discount_minor" IS DISTINCT FROM (NEW."shipping_discount_minor") OR OLD."decided_at" IS DISTINCT FROM (NEW."decided_at"))',
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="8688e4e10dcba6780cb3fb918667c6e6a8d586a8",
                    operation="UPDATE",
                    pgid="pgtrigger_frozen_redemption_bc9a0",
                    table="promocodes_redemption",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="redemption",
            trigger=pgtrigger.compiler.Trigger(
                name="keep_redemption",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                    hash="4dfa806d1b05eb1f377ed2c42df05b6168a6106e",
                    operation="DELETE",
                    pgid="pgtrigger_keep_redemption_130e7",
                    table="promocodes_redemption",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="redemptionline",
            trigger=pgtrigger.compiler.Trigger(
                name="frozen_redemption_line",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."redemption_id" IS DISTINCT FROM (NEW."redemption_id") OR OLD."line_ref" IS DISTINCT FROM (NEW."line_ref") OR OLD."store_id" IS DISTINCT FROM (NEW."store_id") OR OLD."quantity" IS DISTINCT FROM (NEW."quantity") OR OLD."units" IS DISTINCT FROM (NEW."units") OR OLD."discount_minor" IS DISTINCT FROM (NEW."discount_minor"))',
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="9af91882d6c859770ef2b74264601bf8200c3a47",
                    operation="UPDATE",
                    pgid="pgtrigger_frozen_redemption_line_ec64c",
                    table="promocodes_redemptionline",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="redemptionline",
            trigger=pgtrigger.compiler.Trigger(
                name="keep_redemption_line",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                    hash="89c513824bfc7f616bed7f3ef3eaac81cb1a16ff",
                    operation="DELETE",
                    pgid="pgtrigger_keep_redemption_line_d8689",
                    table="promocodes_redemptionline",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="reversal",
            trigger=pgtrigger.compiler.Trigger(
                name="append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="2a811812fbcd14224b773c0ef126984cf718d998",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_append_only_defd6",
                    table="promocodes_reversal",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="reversalline",
            trigger=pgtrigger.compiler.Trigger(
                name="append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="372478389692dea803b6a869439b6bfd27dfcb38",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_append_only_031d8",
                    table="promocodes_reversalline",
                    when="BEFORE",
                ),
            ),
        ),
    ]
