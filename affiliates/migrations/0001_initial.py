"""Affiliates, agreements, commissions, the ledger, settlement and withdrawals."""

import django.contrib.postgres.constraints
import django.contrib.postgres.fields.ranges
import django.contrib.postgres.operations
import django.core.validators
import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.datetime
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models

import affiliates.models.agreement
import marketplace.ids
import marketplace.models.fields


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("marketplace", "0001_initial"),
        ("marketplace", "__first__"),
        ("promocodes", "0001_initial"),
    ]

    operations = [
        django.contrib.postgres.operations.BtreeGistExtension(),
        migrations.CreateModel(
            name="Affiliate",
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
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="affiliate",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="user",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("individual", "influencer"), ("agency", "agency")],
                        max_length=10,
                        verbose_name="kind",
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("new", "new, not checked yet"),
                            ("approved", "approved"),
                            ("suspended", "suspended"),
                        ],
                        default="new",
                        max_length=10,
                        verbose_name="status",
                    ),
                ),
                (
                    "tax_status",
                    models.CharField(
                        choices=[
                            ("person", "private person (tax is withheld)"),
                            ("self_employed", "self-employed (pays the tax themselves)"),
                            ("company", "company or sole trader (pays the tax themselves)"),
                        ],
                        default="person",
                        max_length=13,
                        verbose_name="tax status",
                    ),
                ),
                (
                    "terms_version",
                    models.PositiveIntegerField(verbose_name="terms accepted, version"),
                ),
                (
                    "joined_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        editable=False,
                        verbose_name="joined",
                    ),
                ),
            ],
            options={
                "verbose_name": "affiliate",
                "verbose_name_plural": "affiliates",
                "indexes": [
                    models.Index(fields=["status", "joined_at"], name="affiliate_by_status")
                ],
            },
        ),
        migrations.CreateModel(
            name="AffiliatePlan",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "store",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="affiliate_plans",
                        to="marketplace.store",
                        verbose_name="store",
                    ),
                ),
                (
                    "rate_bp",
                    models.PositiveIntegerField(
                        default=500,
                        validators=[django.core.validators.MaxValueValidator(10000)],
                        verbose_name="commission rate, 1/100 %",
                    ),
                ),
                (
                    "hold_days",
                    models.PositiveSmallIntegerField(
                        default=15, verbose_name="days until a commission is free"
                    ),
                ),
                (
                    "window_days",
                    models.PositiveSmallIntegerField(
                        default=30, verbose_name="days that a click counts"
                    ),
                ),
                ("starts_at", models.DateTimeField(verbose_name="starts")),
            ],
            options={
                "verbose_name": "affiliate plan",
                "verbose_name_plural": "affiliate plans",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("store", "starts_at"), name="plan_starts_once", nulls_distinct=False
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("rate_bp__lte", 10000)), name="plan_rate_within_whole"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Agreement",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "affiliate",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="agreements",
                        to="affiliates.affiliate",
                        verbose_name="affiliate",
                    ),
                ),
                (
                    "promotion",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="agreements",
                        to="promocodes.promotion",
                        verbose_name="promotion",
                    ),
                ),
                (
                    "pay_model",
                    models.CharField(
                        choices=[
                            ("cps", "commission on purchases"),
                            ("fee", "set fee for each use"),
                        ],
                        max_length=3,
                        verbose_name="pay model",
                    ),
                ),
                (
                    "rate_bp",
                    models.PositiveIntegerField(
                        blank=True,
                        null=True,
                        validators=[django.core.validators.MaxValueValidator(10000)],
                        verbose_name="rate, 1/100 %",
                    ),
                ),
                (
                    "fee_minor",
                    models.BigIntegerField(
                        blank=True, null=True, verbose_name="fee per use, minor units"
                    ),
                ),
                (
                    "currency",
                    marketplace.models.fields.CurrencyField(max_length=3, verbose_name="currency"),
                ),
                (
                    "agency",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="shared_agreements",
                        to="affiliates.affiliate",
                        verbose_name="agency",
                    ),
                ),
                (
                    "agency_share_bp",
                    models.PositiveIntegerField(default=0, verbose_name="agency's share, 1/100 %"),
                ),
                ("valid_from", models.DateTimeField(verbose_name="valid from")),
                (
                    "valid_until",
                    models.DateTimeField(blank=True, null=True, verbose_name="valid until"),
                ),
                ("terms_version", models.PositiveIntegerField(verbose_name="terms version")),
                (
                    "granted_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        editable=False,
                        verbose_name="granted",
                    ),
                ),
            ],
            options={
                "verbose_name": "agreement",
                "verbose_name_plural": "agreements",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("fee_minor", None), ("pay_model", "cps")),
                            models.Q(("fee_minor__gt", 0), ("pay_model", "fee"), ("rate_bp", None)),
                            _connector="OR",
                        ),
                        name="agreement_pays_one_way",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("rate_bp", None), ("rate_bp__lte", 10000), _connector="OR"
                        ),
                        name="agreement_rate_within_whole",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("agency", None), ("agency_share_bp", 0)),
                            models.Q(
                                ("agency__isnull", False),
                                ("agency_share_bp__lte", 10000),
                                models.Q(("agency", models.F("affiliate")), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="agreement_share_needs_agency",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("valid_until", None),
                            ("valid_until__gt", models.F("valid_from")),
                            _connector="OR",
                        ),
                        name="agreement_ends_after_start",
                    ),
                    django.contrib.postgres.constraints.ExclusionConstraint(
                        expressions=[
                            ("affiliate", "="),
                            ("promotion", "="),
                            (
                                affiliates.models.agreement.TstzRange(
                                    "valid_from",
                                    "valid_until",
                                    django.contrib.postgres.fields.ranges.RangeBoundary(),
                                ),
                                "&&",
                            ),
                        ],
                        name="agreement_one_at_a_time",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Attribution",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "order_ref",
                    marketplace.models.fields.OrderRefField(max_length=129, verbose_name="order"),
                ),
                (
                    "line_ref",
                    marketplace.models.fields.RefField(max_length=64, verbose_name="line"),
                ),
                (
                    "winner",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="attributions",
                        to="affiliates.affiliate",
                        verbose_name="winner",
                    ),
                ),
                (
                    "by",
                    models.CharField(
                        blank=True,
                        choices=[("code", "by code"), ("click", "by link")],
                        max_length=5,
                        verbose_name="brought",
                    ),
                ),
                (
                    "code",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="attributions",
                        to="promocodes.promocode",
                        verbose_name="promo code",
                    ),
                ),
                ("click_ref", models.CharField(blank=True, max_length=64, verbose_name="click")),
                ("trace", models.JSONField(verbose_name="trace")),
                ("ordered_at", models.DateTimeField(verbose_name="ordered")),
                (
                    "decided_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        editable=False,
                        verbose_name="decided",
                    ),
                ),
            ],
            options={
                "verbose_name": "attribution",
                "verbose_name_plural": "attributions",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("order_ref", "line_ref"), name="one_winner_per_line"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("by", ""), ("winner", None)),
                            models.Q(("by__in", ["code", "click"]), ("winner__isnull", False)),
                            _connector="OR",
                        ),
                        name="attribution_winner_has_a_way",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Link",
            fields=[
                (
                    "id",
                    models.CharField(
                        editable=False, max_length=16, primary_key=True, serialize=False
                    ),
                ),
                (
                    "affiliate",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="links",
                        to="affiliates.affiliate",
                        verbose_name="affiliate",
                    ),
                ),
                (
                    "promotion",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="promocodes.promotion",
                        verbose_name="promotion",
                    ),
                ),
                (
                    "product",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="marketplace.product",
                        verbose_name="product",
                    ),
                ),
                (
                    "store",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="marketplace.store",
                        verbose_name="store",
                    ),
                ),
                ("is_active", models.BooleanField(default=True, verbose_name="active")),
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
                "verbose_name": "link",
                "verbose_name_plural": "links",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("product", None), ("promotion__isnull", False), ("store", None)
                            ),
                            models.Q(
                                ("product__isnull", False), ("promotion", None), ("store", None)
                            ),
                            models.Q(
                                ("product", None), ("promotion", None), ("store__isnull", False)
                            ),
                            _connector="OR",
                        ),
                        name="link_has_one_target",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Click",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "link",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="clicks",
                        to="affiliates.link",
                    ),
                ),
                ("token", models.CharField(max_length=32)),
                (
                    "clicked_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), verbose_name="clicked"
                    ),
                ),
            ],
            options={
                "verbose_name": "click",
                "verbose_name_plural": "clicks",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("link", "token"), name="click_token_once_per_link"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ParkedOrder",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "order_ref",
                    marketplace.models.fields.OrderRefField(
                        max_length=129, unique=True, verbose_name="order"
                    ),
                ),
                ("error", models.TextField(verbose_name="error")),
                ("tries", models.PositiveIntegerField(default=1, verbose_name="tries")),
                ("parked_at", models.DateTimeField(verbose_name="parked")),
                ("retry_at", models.DateTimeField(db_index=True, verbose_name="next try")),
            ],
            options={
                "verbose_name": "parked order",
                "verbose_name_plural": "parked orders",
            },
        ),
        migrations.CreateModel(
            name="PayoutBatch",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "currency",
                    marketplace.models.fields.CurrencyField(max_length=3, verbose_name="currency"),
                ),
                ("count", models.PositiveIntegerField(verbose_name="withdrawals")),
                ("net_minor", models.BigIntegerField(verbose_name="to be paid, minor units")),
                (
                    "created_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="by",
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        editable=False,
                        verbose_name="made",
                    ),
                ),
            ],
            options={
                "verbose_name": "payout batch",
                "verbose_name_plural": "payout batches",
            },
        ),
        migrations.CreateModel(
            name="PayoutMethod",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "affiliate",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="payout_methods",
                        to="affiliates.affiliate",
                        verbose_name="affiliate",
                    ),
                ),
                ("holder_name", models.CharField(max_length=140, verbose_name="account holder")),
                ("bank_code", models.CharField(max_length=11, verbose_name="bank code (BIC)")),
                (
                    "account_number",
                    models.CharField(max_length=34, verbose_name="account number or IBAN"),
                ),
                ("is_active", models.BooleanField(default=True, verbose_name="in use")),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        editable=False,
                        verbose_name="added",
                    ),
                ),
            ],
            options={
                "verbose_name": "payout method",
                "verbose_name_plural": "payout methods",
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("is_active", True)),
                        fields=("affiliate",),
                        name="payout_method_one_in_use",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="PayoutRule",
            fields=[
                (
                    "currency",
                    marketplace.models.fields.CurrencyField(
                        max_length=3, primary_key=True, serialize=False, verbose_name="currency"
                    ),
                ),
                (
                    "minimum_minor",
                    models.BigIntegerField(
                        default=100, verbose_name="smallest withdrawal, minor units"
                    ),
                ),
                ("fee_minor", models.BigIntegerField(default=0, verbose_name="fee, minor units")),
                (
                    "person_tax_bp",
                    models.PositiveIntegerField(
                        default=1300,
                        validators=[django.core.validators.MaxValueValidator(10000)],
                        verbose_name="tax withheld from private persons, 1/100 %",
                    ),
                ),
                (
                    "two_persons_above_minor",
                    models.BigIntegerField(
                        default=1000000, verbose_name="two persons must approve above, minor units"
                    ),
                ),
                (
                    "arrival_days",
                    models.PositiveSmallIntegerField(
                        default=5, verbose_name="days until the money arrives"
                    ),
                ),
            ],
            options={
                "verbose_name": "payout rule",
                "verbose_name_plural": "payout rules",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("fee_minor__gte", 0),
                            ("minimum_minor__gte", 1),
                            ("two_persons_above_minor__gte", 0),
                            ("person_tax_bp__lte", 10000),
                        ),
                        name="payout_rule_sane",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="RosterMember",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "agency",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="roster",
                        to="affiliates.affiliate",
                        verbose_name="agency",
                    ),
                ),
                (
                    "influencer",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="agencies",
                        to="affiliates.affiliate",
                        verbose_name="influencer",
                    ),
                ),
                ("email", models.EmailField(blank=True, max_length=254, verbose_name="e-mail")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("invited", "invited"),
                            ("active", "active"),
                            ("declined", "declined"),
                            ("left", "left"),
                        ],
                        default="invited",
                        max_length=8,
                        verbose_name="state",
                    ),
                ),
                (
                    "share_bp",
                    models.PositiveIntegerField(
                        validators=[django.core.validators.MaxValueValidator(10000)],
                        verbose_name="agency's share, 1/100 %",
                    ),
                ),
                (
                    "invited_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        editable=False,
                        verbose_name="invited",
                    ),
                ),
                ("joined_at", models.DateTimeField(blank=True, null=True, verbose_name="joined")),
                ("left_at", models.DateTimeField(blank=True, null=True, verbose_name="left")),
            ],
            options={
                "verbose_name": "roster member",
                "verbose_name_plural": "roster",
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "invited")),
                        fields=["email"],
                        name="roster_invitations",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state", "active")),
                        fields=("agency", "influencer"),
                        name="roster_member_once_per_agency",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("state", "invited")),
                        fields=("agency", "email"),
                        name="roster_invited_once_per_agency",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("joined_at__isnull", False),
                                ("state__in", ["active", "left"]),
                                ("influencer__isnull", False),
                            ),
                            models.Q(("joined_at", None), ("state__in", ["invited", "declined"])),
                            _connector="OR",
                        ),
                        name="roster_active_is_somebody",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("agency", models.F("influencer")), _negated=True),
                        name="roster_not_oneself",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("share_bp__lte", 10000)),
                        name="roster_share_within_whole",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="SettlementRun",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "currency",
                    marketplace.models.fields.CurrencyField(max_length=3, verbose_name="currency"),
                ),
                ("cutoff", models.DateTimeField(verbose_name="hold over by")),
                (
                    "started_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        editable=False,
                        verbose_name="started",
                    ),
                ),
                (
                    "finished_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="finished"),
                ),
                (
                    "released_count",
                    models.PositiveBigIntegerField(default=0, verbose_name="commissions released"),
                ),
                (
                    "released_minor",
                    models.BigIntegerField(default=0, verbose_name="released, minor units"),
                ),
            ],
            options={
                "verbose_name": "settlement run",
                "verbose_name_plural": "settlement runs",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("currency", "cutoff"), name="settlement_run_once"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("finished_at", None)),
                        fields=("currency",),
                        name="settlement_run_one_open",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Withdrawal",
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
                    "affiliate",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="withdrawals",
                        to="affiliates.affiliate",
                        verbose_name="affiliate",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("requested", "requested"),
                            ("approved", "approved"),
                            ("sent", "sent to the bank"),
                            ("paid", "paid"),
                            ("cancelled", "cancelled"),
                            ("rejected", "rejected"),
                            ("failed", "failed"),
                            ("returned", "returned by the bank"),
                        ],
                        db_index=True,
                        default="requested",
                        max_length=9,
                        verbose_name="state",
                    ),
                ),
                ("reason", models.CharField(blank=True, max_length=300, verbose_name="reason")),
                (
                    "currency",
                    marketplace.models.fields.CurrencyField(max_length=3, verbose_name="currency"),
                ),
                ("amount_minor", models.BigIntegerField(verbose_name="amount, minor units")),
                ("tax_bp", models.PositiveIntegerField(verbose_name="tax, 1/100 %")),
                ("tax_minor", models.BigIntegerField(verbose_name="tax withheld, minor units")),
                ("fee_minor", models.BigIntegerField(verbose_name="fee, minor units")),
                ("net_minor", models.BigIntegerField(verbose_name="to be paid, minor units")),
                (
                    "method",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        to="affiliates.payoutmethod",
                        verbose_name="paid to",
                    ),
                ),
                ("needs_two", models.BooleanField(verbose_name="two persons must approve")),
                (
                    "requested_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="asked by",
                    ),
                ),
                ("requested_at", models.DateTimeField(verbose_name="requested")),
                (
                    "first_approver",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="first approval by",
                    ),
                ),
                (
                    "approver",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="approved by",
                    ),
                ),
                (
                    "approved_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="approved"),
                ),
                (
                    "batch",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="withdrawals",
                        to="affiliates.payoutbatch",
                        verbose_name="payout batch",
                    ),
                ),
                ("sent_at", models.DateTimeField(blank=True, null=True, verbose_name="sent")),
                ("paid_at", models.DateTimeField(blank=True, null=True, verbose_name="paid")),
                ("ended_at", models.DateTimeField(blank=True, null=True, verbose_name="ended")),
            ],
            options={
                "verbose_name": "withdrawal",
                "verbose_name_plural": "withdrawals",
                "indexes": [
                    models.Index(fields=["affiliate", "-id"], name="withdrawal_of_affiliate")
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("fee_minor__gte", 0),
                            ("net_minor__gt", 0),
                            ("tax_minor__gte", 0),
                            (
                                "amount_minor",
                                django.db.models.expressions.CombinedExpression(
                                    django.db.models.expressions.CombinedExpression(
                                        models.F("net_minor"), "+", models.F("tax_minor")
                                    ),
                                    "+",
                                    models.F("fee_minor"),
                                ),
                            ),
                        ),
                        name="withdrawal_parts_sum_to_amount",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("approver", None),
                                models.Q(("approver", models.F("requested_by")), _negated=True),
                                _connector="OR",
                            ),
                            models.Q(
                                ("first_approver", None),
                                models.Q(
                                    models.Q(
                                        ("first_approver", models.F("requested_by")), _negated=True
                                    ),
                                    models.Q(
                                        ("approver", None),
                                        models.Q(
                                            ("approver", models.F("first_approver")), _negated=True
                                        ),
                                        _connector="OR",
                                    ),
                                ),
                                _connector="OR",
                            ),
                        ),
                        name="withdrawal_four_eyes",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state__in", ["requested", "cancelled", "rejected"]),
                            models.Q(
                                ("approver__isnull", False),
                                models.Q(
                                    ("needs_two", False),
                                    ("first_approver__isnull", False),
                                    _connector="OR",
                                ),
                            ),
                            _connector="OR",
                        ),
                        name="withdrawal_goes_on_only_approved",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("state__in", ["sent", "paid", "failed", "returned"]), _negated=True
                            ),
                            ("batch__isnull", False),
                            _connector="OR",
                        ),
                        name="withdrawal_sent_in_a_batch",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("state__in", ["rejected", "failed", "returned"]), _negated=True
                            ),
                            models.Q(("reason", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="withdrawal_refused_with_reason",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Commission",
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
                    "order_ref",
                    marketplace.models.fields.OrderRefField(max_length=129, verbose_name="order"),
                ),
                (
                    "line_ref",
                    marketplace.models.fields.RefField(max_length=64, verbose_name="line"),
                ),
                (
                    "beneficiary",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="commissions",
                        to="affiliates.affiliate",
                        verbose_name="beneficiary",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("cps", "commission on purchases"), ("fee", "set fee for a use")],
                        max_length=3,
                        verbose_name="kind",
                    ),
                ),
                (
                    "side",
                    models.CharField(
                        choices=[
                            ("whole", "whole"),
                            ("influencer", "influencer's part"),
                            ("agency", "agency's part"),
                        ],
                        default="whole",
                        max_length=10,
                        verbose_name="part",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("pending", "pending"),
                            ("available", "available"),
                            ("settled", "paid out"),
                            ("reversed", "reversed"),
                            ("not_due", "not due"),
                        ],
                        max_length=9,
                        verbose_name="state",
                    ),
                ),
                (
                    "reason",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("self_purchase", "your own or your agency's purchase"),
                            ("no_agreement", "no agreement was in force at the time of the order"),
                            ("suspended", "the account was suspended"),
                            ("no_programme", "the seller has no affiliate programme"),
                            ("no_use", "the code was not redeemed, so no use counts"),
                            ("zero_amount", "the amount rounds to nothing"),
                        ],
                        max_length=20,
                        verbose_name="reason",
                    ),
                ),
                (
                    "store",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="commissions",
                        to="marketplace.store",
                        verbose_name="store",
                    ),
                ),
                (
                    "promotion",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="commissions",
                        to="promocodes.promotion",
                        verbose_name="promotion",
                    ),
                ),
                (
                    "agreement",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="commissions",
                        to="affiliates.agreement",
                        verbose_name="agreement",
                    ),
                ),
                (
                    "code",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="commissions",
                        to="promocodes.promocode",
                        verbose_name="promo code",
                    ),
                ),
                (
                    "use_ref",
                    models.CharField(blank=True, max_length=36, verbose_name="use of the code"),
                ),
                (
                    "currency",
                    marketplace.models.fields.CurrencyField(max_length=3, verbose_name="currency"),
                ),
                ("base_minor", models.BigIntegerField(verbose_name="base, minor units")),
                ("rate_bp", models.PositiveIntegerField(default=0, verbose_name="rate, 1/100 %")),
                ("fee_minor", models.BigIntegerField(default=0, verbose_name="fee, minor units")),
                (
                    "share_bp",
                    models.PositiveIntegerField(default=0, verbose_name="agency's share, 1/100 %"),
                ),
                ("terms_version", models.PositiveIntegerField(verbose_name="terms version")),
                ("amount_minor", models.BigIntegerField(verbose_name="earned, minor units")),
                (
                    "refunded_minor",
                    models.BigIntegerField(
                        default=0, verbose_name="returned of the base, minor units"
                    ),
                ),
                (
                    "reversed_minor",
                    models.BigIntegerField(default=0, verbose_name="taken back, minor units"),
                ),
                (
                    "corrections",
                    models.PositiveIntegerField(
                        default=0, verbose_name="reversals and restorations"
                    ),
                ),
                ("hold_days", models.PositiveSmallIntegerField(verbose_name="hold, days")),
                ("ordered_at", models.DateTimeField(verbose_name="ordered")),
                (
                    "accrued_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="in the ledger since"),
                ),
                ("release_at", models.DateTimeField(verbose_name="available from")),
                (
                    "released_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="released"),
                ),
                (
                    "run",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="commissions",
                        to="affiliates.settlementrun",
                        verbose_name="settlement run",
                    ),
                ),
                (
                    "settled_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="commissions",
                        to="affiliates.withdrawal",
                        verbose_name="paid out by",
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        editable=False,
                        verbose_name="derived",
                    ),
                ),
            ],
            options={
                "verbose_name": "commission",
                "verbose_name_plural": "commissions",
                "indexes": [
                    models.Index(
                        fields=["beneficiary", "-ordered_at", "-id"],
                        name="commission_of_beneficiary",
                    ),
                    models.Index(
                        condition=models.Q(("accrued_at__isnull", False), ("state", "pending")),
                        fields=["release_at"],
                        name="commission_due",
                    ),
                    models.Index(
                        condition=models.Q(("accrued_at", None), ("state", "pending")),
                        fields=["store", "id"],
                        name="commission_awaiting_funds",
                    ),
                    models.Index(
                        condition=models.Q(("state", "pending")),
                        fields=["beneficiary", "currency", "release_at"],
                        name="commission_on_hold",
                    ),
                    models.Index(
                        condition=models.Q(("reversed_minor__gt", 0)),
                        fields=["beneficiary", "currency"],
                        name="commission_taken_back",
                    ),
                    models.Index(
                        condition=models.Q(("state", "available")),
                        fields=["beneficiary", "currency", "released_at"],
                        name="commission_unpaid",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("order_ref", "line_ref", "beneficiary", "kind"),
                        name="commission_once_per_line_and_beneficiary",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("amount_minor__gte", 0), ("base_minor__gte", 0), ("fee_minor__gte", 0)
                        ),
                        name="commission_not_negative",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("reversed_minor__gte", 0),
                            ("reversed_minor__lte", models.F("amount_minor")),
                            ("refunded_minor__gte", 0),
                            ("refunded_minor__lte", models.F("base_minor")),
                        ),
                        name="commission_reversed_within_earned",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("rate_bp__lte", 10000), ("share_bp__lte", 10000)),
                        name="commission_rates_within_whole",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("amount_minor", 0),
                                ("state", "not_due"),
                                models.Q(("reason", ""), _negated=True),
                            ),
                            models.Q(
                                models.Q(("state", "not_due"), _negated=True),
                                ("amount_minor__gt", 0),
                                ("reason", ""),
                            ),
                            _connector="OR",
                        ),
                        name="commission_not_due_has_reason",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state", "not_due"),
                            models.Q(
                                ("reversed_minor", models.F("amount_minor")), ("state", "reversed")
                            ),
                            models.Q(
                                models.Q(("state", "reversed"), _negated=True),
                                ("reversed_minor__lt", models.F("amount_minor")),
                            ),
                            _connector="OR",
                        ),
                        name="commission_reversed_when_nothing_left",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state__in", ["available", "settled"]), _negated=True),
                            models.Q(("accrued_at__isnull", False), ("released_at__isnull", False)),
                            _connector="OR",
                        ),
                        name="commission_available_was_released",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Account",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("code", models.CharField(max_length=80, verbose_name="code")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("platform_cash", "platform's cash"),
                            ("seller_receivable", "owed by a seller"),
                            ("seller_prepaid", "prepaid by a seller"),
                            ("affiliate_pending", "affiliate: pending"),
                            ("affiliate_available", "affiliate: available"),
                            ("affiliate_reserved", "affiliate: reserved for withdrawal"),
                            ("payout_in_transit", "payout in transit"),
                            ("tax_withheld", "tax withheld"),
                            ("shopper_wallet", "shopper's wallet"),
                            ("platform_fee", "platform's fees"),
                            ("promo_expense", "promotion expense"),
                            ("payout_fee", "payout costs"),
                            ("bad_debt", "bad debt"),
                        ],
                        max_length=20,
                        verbose_name="kind",
                    ),
                ),
                (
                    "owner",
                    models.CharField(
                        blank=True,
                        help_text="Id of the affiliate, store or batch.",
                        max_length=40,
                        verbose_name="owner",
                    ),
                ),
                (
                    "currency",
                    marketplace.models.fields.CurrencyField(max_length=3, verbose_name="currency"),
                ),
                (
                    "may_go_negative",
                    models.BooleanField(default=False, verbose_name="may go below zero"),
                ),
                (
                    "debited_minor",
                    models.BigIntegerField(default=0, verbose_name="debits, minor units"),
                ),
                (
                    "credited_minor",
                    models.BigIntegerField(default=0, verbose_name="credits, minor units"),
                ),
            ],
            options={
                "verbose_name": "account",
                "verbose_name_plural": "accounts",
                "constraints": [
                    models.UniqueConstraint(fields=("code",), name="account_code_once"),
                    models.UniqueConstraint(
                        fields=("owner", "kind", "currency"), name="account_once_per_owner"
                    ),
                    models.UniqueConstraint(fields=("id", "currency"), name="account_and_currency"),
                    models.CheckConstraint(
                        condition=models.Q(("credited_minor__gte", 0), ("debited_minor__gte", 0)),
                        name="account_sums_not_negative",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("may_go_negative", True),
                            models.Q(
                                ("credited_minor__lte", models.F("debited_minor")),
                                (
                                    "kind__in",
                                    [
                                        "platform_cash",
                                        "seller_receivable",
                                        "promo_expense",
                                        "payout_fee",
                                        "bad_debt",
                                    ],
                                ),
                            ),
                            models.Q(
                                models.Q(
                                    (
                                        "kind__in",
                                        [
                                            "platform_cash",
                                            "seller_receivable",
                                            "promo_expense",
                                            "payout_fee",
                                            "bad_debt",
                                        ],
                                    ),
                                    _negated=True,
                                ),
                                ("debited_minor__lte", models.F("credited_minor")),
                            ),
                            _connector="OR",
                        ),
                        name="account_not_overdrawn",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Transfer",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "debit_account",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="debits",
                        to="affiliates.account",
                        verbose_name="debit",
                    ),
                ),
                (
                    "credit_account",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="credits",
                        to="affiliates.account",
                        verbose_name="credit",
                    ),
                ),
                ("amount_minor", models.BigIntegerField(verbose_name="amount, minor units")),
                (
                    "currency",
                    marketplace.models.fields.CurrencyField(max_length=3, verbose_name="currency"),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("accrue", "commission earned"),
                            ("release", "commission became available"),
                            ("reverse", "commission taken back for a return"),
                            ("restore", "commission given again, the return was withdrawn"),
                            ("collect", "seller's statement collected"),
                            ("fund", "seller's prepayment"),
                            ("use", "fee for a use of the code"),
                            ("reserve", "reserved for withdrawal"),
                            ("send", "sent to the bank"),
                            ("tax", "tax withheld"),
                            ("fee", "withdrawal fee"),
                            ("paid", "paid out"),
                            ("back", "withdrawal came back"),
                            ("reward", "cashback reward"),
                        ],
                        max_length=8,
                        verbose_name="kind",
                    ),
                ),
                ("key", models.CharField(db_collation="C", max_length=160, verbose_name="key")),
                ("group", models.CharField(db_collation="C", max_length=100, verbose_name="event")),
                (
                    "reverses",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reversed_by",
                        to="affiliates.transfer",
                        verbose_name="reverses",
                    ),
                ),
                ("occurred_at", models.DateTimeField(verbose_name="occurred")),
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
                "verbose_name": "transfer",
                "verbose_name_plural": "transfers",
                "indexes": [
                    models.Index(fields=["debit_account", "id"], name="transfer_of_debited"),
                    models.Index(fields=["credit_account", "id"], name="transfer_of_credited"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("key",), name="transfer_key_once"),
                    models.CheckConstraint(
                        condition=models.Q(("amount_minor__gt", 0)), name="transfer_amount_positive"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("debit_account", models.F("credit_account")), _negated=True
                        ),
                        name="transfer_between_two_accounts",
                    ),
                ],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="account",
            trigger=pgtrigger.compiler.Trigger(
                name="never_deleted",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                    hash="717c300c2e4fa856b1117959f04e93978f407158",
                    operation="DELETE",
                    pgid="pgtrigger_never_deleted_cb631",
                    table="affiliates_account",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="account",
            trigger=pgtrigger.compiler.Trigger(
                name="never_truncated",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'Accounts can''t be truncated';",
                    hash="9f4545e73f3ea78f3391720af5d96f9c92c4ee36",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_never_truncated_e1e3d",
                    table="affiliates_account",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="account",
            trigger=pgtrigger.compiler.Trigger(
                name="stays_what_it_is",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='RAISE EXCEPTION \'pgtrigger: Cannot update of "code", "kind", "owner", "currency", "may_go_negative" rows from % table\', TG_TABLE_NAME;',
                    hash="8739708e038672a3ecb6380255491493c9428b30",
                    operation='UPDATE OF "code", "kind", "owner", "currency", "may_go_negative"',
                    pgid="pgtrigger_stays_what_it_is_70658",
                    table="affiliates_account",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="account",
            trigger=pgtrigger.compiler.Trigger(
                name="sums_only_grow",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (NEW."debited_minor" < (OLD."debited_minor") OR NEW."credited_minor" < (OLD."credited_minor"))',
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="2575a9a512d9588eb7a1555928d9d61abdc57488",
                    operation="UPDATE",
                    pgid="pgtrigger_sums_only_grow_67f29",
                    table="affiliates_account",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="attribution",
            trigger=pgtrigger.compiler.Trigger(
                name="append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="65d60c052855d711e69db16cdad78f9c7530de05",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_append_only_3aa2c",
                    table="affiliates_attribution",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="attribution",
            trigger=pgtrigger.compiler.Trigger(
                name="append_only_whole",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'An append-only table can''t be truncated';",
                    hash="cfc6ec8783e09788f886d1bd23201704a6ecb8fe",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_append_only_whole_74573",
                    table="affiliates_attribution",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="transfer",
            trigger=pgtrigger.compiler.Trigger(
                name="append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="9c2a6a85583a23800a2732bdef90e9e1199d1311",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_append_only_a1be6",
                    table="affiliates_transfer",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="transfer",
            trigger=pgtrigger.compiler.Trigger(
                name="append_only_whole",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'An append-only table can''t be truncated';",
                    hash="060ab14dbf038fc47c21fa46635378b0527d6e80",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_append_only_whole_8d57d",
                    table="affiliates_transfer",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="commission",
            trigger=pgtrigger.compiler.Trigger(
                name="never_deleted",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                    hash="2d0fc5b1a2401ed1ee9af03cb8094ad304a4ebe9",
                    operation="DELETE",
                    pgid="pgtrigger_never_deleted_54c3d",
                    table="affiliates_commission",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="commission",
            trigger=pgtrigger.compiler.Trigger(
                name="terms_are_frozen",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='RAISE EXCEPTION \'pgtrigger: Cannot update of "order_ref", "line_ref", "beneficiary_id", "kind", "side", "store_id", "promotion_id", "agreement_id", "code_id", "use_ref", "currency", "base_minor", "rate_bp", "fee_minor", "share_bp", "terms_version", "amount_minor" rows from % table\', TG_TABLE_NAME;',
                    hash="519fc77532d5b7b6bcf435b3ac15875ac5632e0e",
                    operation='UPDATE OF "order_ref", "line_ref", "beneficiary_id", "kind", "side", "store_id", "promotion_id", "agreement_id", "code_id", "use_ref", "currency", "base_minor", "rate_bp", "fee_minor", "share_bp", "terms_version", "amount_minor"',
                    pgid="pgtrigger_terms_are_frozen_b89d3",
                    table="affiliates_commission",
                    when="BEFORE",
                ),
            ),
        ),
    ]
