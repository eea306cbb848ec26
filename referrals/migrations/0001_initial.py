"""Campaigns, rounds, who takes part, and the visits that count."""

import datetime

import django.contrib.postgres.constraints
import django.contrib.postgres.fields.ranges
import django.core.validators
import django.db.models.deletion
import django.db.models.functions.datetime
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models

import marketplace.ids
import marketplace.models.fields
import referrals.models.campaign
import referrals.models.round


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("marketplace", "__first__"),
        ("promocodes", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="NetworkSalt",
            fields=[
                ("day", models.DateField(primary_key=True, serialize=False)),
                ("salt", models.BinaryField(max_length=32)),
            ],
        ),
        migrations.CreateModel(
            name="Campaign",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "threshold",
                    models.PositiveSmallIntegerField(
                        default=10,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(1000),
                        ],
                        verbose_name="friends needed",
                    ),
                ),
                (
                    "discount_type",
                    models.CharField(
                        choices=[("fixed", "amount"), ("percent", "percent")],
                        default="fixed",
                        max_length=7,
                        verbose_name="discount",
                    ),
                ),
                (
                    "amount_minor",
                    models.BigIntegerField(
                        blank=True, null=True, verbose_name="discount, minor units"
                    ),
                ),
                (
                    "percent_bp",
                    models.PositiveIntegerField(
                        blank=True, null=True, verbose_name="discount, hundredths of a percent"
                    ),
                ),
                (
                    "min_order_minor",
                    models.BigIntegerField(default=0, verbose_name="minimum order, minor units"),
                ),
                (
                    "currency",
                    marketplace.models.fields.CurrencyField(
                        default="RUB", max_length=3, verbose_name="currency"
                    ),
                ),
                (
                    "timezone",
                    models.CharField(
                        default="Europe/Moscow",
                        max_length=40,
                        validators=[referrals.models.campaign.validate_zone],
                        verbose_name="time zone",
                    ),
                ),
                (
                    "policy",
                    models.JSONField(
                        blank=True,
                        default=dict,
                        help_text="Only what differs from the usual rules; empty for the usual ones.",
                        validators=[referrals.models.campaign.validate_policy],
                        verbose_name="what counts",
                    ),
                ),
                ("name", models.CharField(max_length=100, unique=True, verbose_name="name")),
                (
                    "partner_name",
                    models.CharField(
                        blank=True,
                        help_text="A second brand that stands on the pages beside ours.",
                        max_length=60,
                        verbose_name="partner's brand",
                    ),
                ),
                (
                    "storefront_url",
                    models.URLField(
                        blank=True,
                        help_text="Where a friend goes shopping after accepting.",
                        max_length=500,
                        verbose_name="storefront",
                    ),
                ),
                (
                    "length",
                    models.DurationField(
                        default=datetime.timedelta(days=14), verbose_name="length of a round"
                    ),
                ),
                (
                    "pause",
                    models.DurationField(
                        default=datetime.timedelta(days=7), verbose_name="pause between rounds"
                    ),
                ),
                (
                    "is_running",
                    models.BooleanField(
                        default=True,
                        help_text="When a round closes, the next one is planned by itself.",
                        verbose_name="goes on",
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
            ],
            options={
                "verbose_name": "campaign",
                "verbose_name_plural": "campaigns",
                "abstract": False,
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("amount_minor__gt", 0),
                                ("amount_minor__isnull", False),
                                ("discount_type", "fixed"),
                                ("percent_bp__isnull", True),
                            ),
                            models.Q(
                                ("amount_minor__isnull", True),
                                ("discount_type", "percent"),
                                ("percent_bp__gt", 0),
                                ("percent_bp__isnull", False),
                                ("percent_bp__lte", 10000),
                            ),
                            _connector="OR",
                        ),
                        name="campaign_one_discount",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("min_order_minor__gte", 0)),
                        name="campaign_min_order_not_negative",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("threshold__gte", 1), ("threshold__lte", 1000)),
                        name="campaign_threshold_in_reach",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("length__gt", datetime.timedelta(0))),
                        name="campaign_length_positive",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("pause__gte", datetime.timedelta(0))),
                        name="campaign_pause_not_negative",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Device",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("digest", models.CharField(editable=False, max_length=64, unique=True)),
                (
                    "user",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="devices",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "seen_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        editable=False,
                        verbose_name="first seen",
                    ),
                ),
            ],
            options={
                "verbose_name": "device",
                "verbose_name_plural": "devices",
            },
        ),
        migrations.CreateModel(
            name="Round",
            fields=[
                (
                    "threshold",
                    models.PositiveSmallIntegerField(
                        default=10,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(1000),
                        ],
                        verbose_name="friends needed",
                    ),
                ),
                (
                    "discount_type",
                    models.CharField(
                        choices=[("fixed", "amount"), ("percent", "percent")],
                        default="fixed",
                        max_length=7,
                        verbose_name="discount",
                    ),
                ),
                (
                    "amount_minor",
                    models.BigIntegerField(
                        blank=True, null=True, verbose_name="discount, minor units"
                    ),
                ),
                (
                    "percent_bp",
                    models.PositiveIntegerField(
                        blank=True, null=True, verbose_name="discount, hundredths of a percent"
                    ),
                ),
                (
                    "min_order_minor",
                    models.BigIntegerField(default=0, verbose_name="minimum order, minor units"),
                ),
                (
                    "currency",
                    marketplace.models.fields.CurrencyField(
                        default="RUB", max_length=3, verbose_name="currency"
                    ),
                ),
                (
                    "timezone",
                    models.CharField(
                        default="Europe/Moscow",
                        max_length=40,
                        validators=[referrals.models.campaign.validate_zone],
                        verbose_name="time zone",
                    ),
                ),
                (
                    "policy",
                    models.JSONField(
                        blank=True,
                        default=dict,
                        help_text="Only what differs from the usual rules; empty for the usual ones.",
                        validators=[referrals.models.campaign.validate_policy],
                        verbose_name="what counts",
                    ),
                ),
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
                    "campaign",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="rounds",
                        to="referrals.campaign",
                        verbose_name="campaign",
                    ),
                ),
                ("number", models.PositiveIntegerField(verbose_name="number")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("scheduled", "planned"),
                            ("open", "open"),
                            ("closed", "closed"),
                            ("skipped", "skipped"),
                        ],
                        default="scheduled",
                        max_length=9,
                        verbose_name="state",
                    ),
                ),
                ("opens_at", models.DateTimeField(verbose_name="opens")),
                ("closes_at", models.DateTimeField(verbose_name="closes")),
                (
                    "terms_version",
                    models.PositiveIntegerField(default=1, verbose_name="version of the terms"),
                ),
                (
                    "promotion",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="promocodes.promotion",
                        verbose_name="promotion",
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
            ],
            options={
                "verbose_name": "round",
                "verbose_name_plural": "rounds",
                "abstract": False,
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "scheduled")),
                        fields=["opens_at"],
                        name="round_due_to_open",
                    ),
                    models.Index(
                        condition=models.Q(("state", "open")),
                        fields=["closes_at"],
                        name="round_due_to_close",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("amount_minor__gt", 0),
                                ("amount_minor__isnull", False),
                                ("discount_type", "fixed"),
                                ("percent_bp__isnull", True),
                            ),
                            models.Q(
                                ("amount_minor__isnull", True),
                                ("discount_type", "percent"),
                                ("percent_bp__gt", 0),
                                ("percent_bp__isnull", False),
                                ("percent_bp__lte", 10000),
                            ),
                            _connector="OR",
                        ),
                        name="round_one_discount",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("min_order_minor__gte", 0)),
                        name="round_min_order_not_negative",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("threshold__gte", 1), ("threshold__lte", 1000)),
                        name="round_threshold_in_reach",
                    ),
                    models.UniqueConstraint(
                        fields=("campaign", "number"), name="round_number_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("closes_at__gt", models.F("opens_at"))),
                        name="round_closes_after_opening",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("promotion__isnull", False), ("state__in", ["open", "closed"])
                            ),
                            models.Q(
                                ("promotion__isnull", True), ("state__in", ["scheduled", "skipped"])
                            ),
                            _connector="OR",
                        ),
                        name="round_has_promotion_once_opened",
                    ),
                    django.contrib.postgres.constraints.ExclusionConstraint(
                        condition=models.Q(("state", "skipped"), _negated=True),
                        expressions=[
                            ("campaign", "="),
                            (
                                referrals.models.round.Window(
                                    "opens_at",
                                    "closes_at",
                                    django.contrib.postgres.fields.ranges.RangeBoundary(),
                                ),
                                "&&",
                            ),
                        ],
                        name="rounds_of_campaign_apart",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Participation",
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
                    "round",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="participations",
                        to="referrals.round",
                        verbose_name="round",
                    ),
                ),
                (
                    "shopper",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="participations",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="shopper",
                    ),
                ),
                (
                    "token",
                    models.CharField(
                        default=marketplace.ids.token,
                        editable=False,
                        max_length=32,
                        unique=True,
                        verbose_name="link",
                    ),
                ),
                ("message", models.CharField(blank=True, max_length=500, verbose_name="own words")),
                (
                    "shows_name",
                    models.BooleanField(default=False, verbose_name="friends see the name"),
                ),
                ("counted", models.PositiveIntegerField(default=0, verbose_name="friends counted")),
                (
                    "code",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="promocodes.promocode",
                        verbose_name="code",
                    ),
                ),
                (
                    "issued_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="code issued"),
                ),
                (
                    "joined_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), verbose_name="joined"
                    ),
                ),
                (
                    "revoked_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="link revoked"),
                ),
            ],
            options={
                "verbose_name": "participation",
                "verbose_name_plural": "participations",
                "indexes": [
                    models.Index(fields=["shopper", "joined_at"], name="participation_of_shopper"),
                    models.Index(
                        condition=models.Q(("code__isnull", True)),
                        fields=["round", "counted"],
                        name="participation_without_code",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("round", "shopper"), name="joined_once_per_round"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("code__isnull", True), ("issued_at__isnull", True)),
                            models.Q(("code__isnull", False), ("issued_at__isnull", False)),
                            _connector="OR",
                        ),
                        name="participation_code_with_its_time",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="FriendSlot",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "round",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="referrals.round",
                    ),
                ),
                ("friend_key", models.CharField(max_length=40)),
                ("slot", models.PositiveSmallIntegerField()),
                (
                    "participation",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="slots",
                        to="referrals.participation",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("round", "friend_key", "slot"), name="friend_slot_taken_once"
                    ),
                    models.UniqueConstraint(
                        fields=("participation", "friend_key"), name="friend_slot_once_per_inviter"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("slot__gte", 1)), name="friend_slot_from_one"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Visit",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "participation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="visits",
                        to="referrals.participation",
                    ),
                ),
                ("nonce", models.CharField(editable=False, max_length=32)),
                ("friend_key", models.CharField(max_length=40, verbose_name="friend")),
                (
                    "device",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="referrals.device",
                    ),
                ),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("counted", "counted"),
                            ("waiting", "waiting"),
                            ("not_counted", "not counted"),
                        ],
                        max_length=11,
                        verbose_name="outcome",
                    ),
                ),
                (
                    "reason",
                    models.CharField(
                        choices=[
                            ("counted", "counted"),
                            ("own_link", "own link"),
                            ("already_counted", "already counted"),
                            ("limit_per_friend", "too many inviters for one friend"),
                            ("round_not_started", "round not started"),
                            ("round_ended", "round ended"),
                            ("link_revoked", "link revoked"),
                            ("need_sign_in", "sign-in needed"),
                            ("need_new_user", "only new shoppers count"),
                            ("network_ceiling", "many friends on one network"),
                            ("too_fast", "many friends in a few minutes"),
                            ("automated", "looks automated"),
                            ("preview_only", "link preview"),
                            ("ring_review", "closed ring, in review"),
                            ("merged_device", "second device of a counted friend"),
                            ("technical", "technical"),
                        ],
                        max_length=20,
                        verbose_name="reason",
                    ),
                ),
                (
                    "channel",
                    models.CharField(
                        choices=[
                            ("ok", "Odnoklassniki"),
                            ("vk", "VK"),
                            ("telegram", "Telegram"),
                            ("whatsapp", "WhatsApp"),
                            ("viber", "Viber"),
                            ("email", "E-mail"),
                            ("copy", "Copied link"),
                            ("qr", "QR code"),
                            ("phone", "Phone's share menu"),
                            ("other", "Other"),
                        ],
                        default="other",
                        max_length=10,
                        verbose_name="channel",
                    ),
                ),
                ("facts", models.JSONField(default=dict, verbose_name="facts")),
                ("network_hint", models.CharField(blank=True, editable=False, max_length=64)),
                ("visited_at", models.DateTimeField(verbose_name="visited")),
                ("decided_at", models.DateTimeField(verbose_name="decided")),
                (
                    "review_due_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="counts by itself at"),
                ),
            ],
            options={
                "verbose_name": "visit",
                "verbose_name_plural": "visits",
                "indexes": [
                    models.Index(
                        fields=["participation", "-visited_at"], name="visit_of_participation"
                    ),
                    models.Index(
                        condition=models.Q(("outcome", "waiting")),
                        fields=["friend_key"],
                        name="visit_waiting",
                    ),
                    models.Index(
                        condition=models.Q(("outcome", "not_counted"), _negated=True),
                        fields=["device"],
                        name="visit_of_device",
                    ),
                    models.Index(
                        condition=models.Q(
                            ("outcome", "waiting"), ("review_due_at__isnull", False)
                        ),
                        fields=["review_due_at"],
                        name="visit_review_due",
                    ),
                    models.Index(
                        condition=models.Q(("network_hint", ""), _negated=True),
                        fields=["visited_at"],
                        name="visit_with_hint",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("participation", "nonce"), name="visit_nonce_used_once"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("outcome", "counted")),
                        fields=("participation", "friend_key"),
                        name="friend_counted_once_per_inviter",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("outcome", "counted"), ("reason", "counted")),
                            models.Q(
                                models.Q(("outcome", "counted"), _negated=True),
                                models.Q(("reason", "counted"), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="visit_counted_for_that_reason",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("review_due_at__isnull", True),
                            ("reason", "ring_review"),
                            _connector="OR",
                        ),
                        name="visit_review_has_a_deadline",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Reminder",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "campaign",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="reminders",
                        to="referrals.campaign",
                    ),
                ),
                (
                    "shopper",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "asked_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), verbose_name="asked"
                    ),
                ),
            ],
            options={
                "verbose_name": "reminder",
                "verbose_name_plural": "reminders",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("campaign", "shopper"), name="one_reminder_each"
                    )
                ],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="round",
            trigger=pgtrigger.compiler.Trigger(
                name="freeze_terms",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE worse boolean;",
                    func="\n-- Whoever is joining at this moment holds the round's key (`hold_round`): wait, then look.\nPERFORM 1 FROM referrals_round WHERE id = OLD.id FOR UPDATE;\nIF NOT EXISTS (SELECT 1 FROM referrals_participation WHERE round_id = OLD.id) THEN\n    RETURN NEW;\nEND IF;\nworse :=\n    NEW.campaign_id <> OLD.campaign_id\n    OR NEW.opens_at <> OLD.opens_at\n    OR NEW.closes_at < OLD.closes_at\n    OR NEW.currency <> OLD.currency\n    OR NEW.timezone <> OLD.timezone\n    OR NEW.threshold > OLD.threshold\n    OR NEW.min_order_minor > OLD.min_order_minor\n    OR NEW.discount_type <> OLD.discount_type\n    OR NEW.amount_minor < OLD.amount_minor\n    OR NEW.percent_bp < OLD.percent_bp\n    OR NEW.state IN ('scheduled', 'skipped')\n    OR NEW.promotion_id IS DISTINCT FROM OLD.promotion_id\n    OR NOT (\n        NEW.policy->'audience' = OLD.policy->'audience'\n        OR NEW.policy->>'audience' = 'anyone'\n    )\n    OR EXISTS (\n        SELECT 1\n        FROM unnest(ARRAY[\n            'max_inviters_per_friend', 'network_per_day', 'burst', 'ring_size'\n        ]) AS rule\n        WHERE NEW.policy->rule <> 'null'\n          AND (OLD.policy->rule = 'null' OR (NEW.policy->rule)::int < (OLD.policy->rule)::int)\n    )\n    OR (NEW.policy->>'automation_waits')::boolean > (OLD.policy->>'automation_waits')::boolean\n    OR (NEW.policy->'review_hours')::int > (OLD.policy->'review_hours')::int\n    OR (NEW.policy->'min_account_hours')::int > (OLD.policy->'min_account_hours')::int;\nIF worse THEN\n    RAISE EXCEPTION 'the terms of a joined round can only get better'\n        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'round_terms_frozen';\nEND IF;\nIF NEW.terms_version = OLD.terms_version AND (\n    (NEW.closes_at, NEW.threshold, NEW.min_order_minor, NEW.policy)\n        IS DISTINCT FROM (OLD.closes_at, OLD.threshold, OLD.min_order_minor, OLD.policy)\n    OR (NEW.amount_minor, NEW.percent_bp) IS DISTINCT FROM (OLD.amount_minor, OLD.percent_bp)\n) THEN\n    RAISE EXCEPTION 'changed terms need a new version'\n        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'round_terms_versioned';\nEND IF;\nRETURN NEW;\n",
                    hash="bff8e120735349868c9946976d9c44ac4f2f4926",
                    operation="UPDATE",
                    pgid="pgtrigger_freeze_terms_f72c7",
                    table="referrals_round",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="participation",
            trigger=pgtrigger.compiler.Trigger(
                name="hold_round",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n                    PERFORM 1 FROM referrals_round WHERE id = NEW.round_id FOR KEY SHARE;\n                    RETURN NEW;\n                ",
                    hash="990e2c84f0569ba827093bcf5ecb01bb2eea08eb",
                    operation="INSERT",
                    pgid="pgtrigger_hold_round_2eb2b",
                    table="referrals_participation",
                    when="BEFORE",
                ),
            ),
        ),
    ]
