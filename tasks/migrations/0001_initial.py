"""Tasks, who works on them, the codes they were given, their content."""

import django.core.validators
import django.db.models.deletion
import django.db.models.functions.datetime
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models

import marketplace.ids
import marketplace.models.fields


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("affiliates", "0001_initial"),
        ("marketplace", "0001_initial"),
        ("marketplace", "__first__"),
        ("promocodes", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="Task",
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
                    "store",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="tasks",
                        to="marketplace.store",
                        verbose_name="store",
                    ),
                ),
                (
                    "promotion",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="tasks",
                        to="promocodes.promotion",
                        verbose_name="promo code",
                    ),
                ),
                (
                    "type",
                    models.CharField(
                        choices=[("store_promo_code", "Store Promo Code")],
                        default="store_promo_code",
                        max_length=20,
                        verbose_name="task type",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[("open", "open"), ("closed", "closed")],
                        default="open",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                ("name", models.CharField(max_length=120, verbose_name="task name")),
                (
                    "brief",
                    models.TextField(
                        blank=True,
                        help_text="Plain text for the influencer: what to show, what to avoid.",
                        max_length=2000,
                        verbose_name="what to tell",
                    ),
                ),
                (
                    "currency",
                    marketplace.models.fields.CurrencyField(max_length=3, verbose_name="currency"),
                ),
                (
                    "pay_model",
                    models.CharField(
                        choices=[("cps", "commission on sales"), ("fee", "fee for each use")],
                        default="cps",
                        max_length=3,
                        verbose_name="pay",
                    ),
                ),
                (
                    "rate_bp",
                    models.PositiveIntegerField(
                        blank=True,
                        help_text="Taken from the store's affiliate plan when the task is opened.",
                        null=True,
                        verbose_name="rate, hundredths of a percent",
                    ),
                ),
                (
                    "fee_minor",
                    models.BigIntegerField(
                        blank=True, null=True, verbose_name="fee for each use, minor units"
                    ),
                ),
                (
                    "applications_close_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="Empty: when the code ends.",
                        null=True,
                        verbose_name="applications close",
                    ),
                ),
                (
                    "submission_due_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="Advice only: sales count even when the content is late.",
                        null=True,
                        verbose_name="content is due",
                    ),
                ),
                ("market", models.CharField(blank=True, max_length=2, verbose_name="market")),
                (
                    "channel",
                    models.CharField(
                        choices=[
                            ("any", "anywhere"),
                            ("feed", "the marketplace's feed"),
                            ("social", "social media"),
                        ],
                        default="any",
                        max_length=10,
                        verbose_name="channel",
                    ),
                ),
                (
                    "sample_available",
                    models.BooleanField(default=False, verbose_name="sample available"),
                ),
                (
                    "opened_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        editable=False,
                        verbose_name="opened",
                    ),
                ),
            ],
            options={
                "verbose_name": "task",
                "verbose_name_plural": "tasks",
                "ordering": ["-id"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "open")),
                        fields=["-id"],
                        name="task_open_newest_first",
                    ),
                    models.Index(fields=["store", "-id"], name="task_of_store"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("promotion", "type"), name="task_once_per_promotion"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("fee_minor", None), ("pay_model", "cps"), ("rate_bp__lte", 10000)
                            ),
                            models.Q(("fee_minor__gt", 0), ("pay_model", "fee"), ("rate_bp", None)),
                            _connector="OR",
                        ),
                        name="task_pays_by_rate_or_by_fee",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Assignment",
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
                    "task",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="assignments",
                        to="tasks.task",
                    ),
                ),
                (
                    "affiliate",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="assignments",
                        to="affiliates.affiliate",
                        verbose_name="influencer",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("individual", "influencer"), ("agency", "agency")],
                        editable=False,
                        max_length=10,
                        verbose_name="kind",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("awaiting_submission", "Awaiting Submission"),
                            ("submitted", "Submitted"),
                            ("approved", "Approved"),
                            ("changes_asked", "Changes asked"),
                            ("ended", "Ended"),
                        ],
                        default="awaiting_submission",
                        max_length=20,
                        verbose_name="state",
                    ),
                ),
                (
                    "applied_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        editable=False,
                        verbose_name="applied",
                    ),
                ),
            ],
            options={
                "verbose_name": "assignment",
                "verbose_name_plural": "assignments",
                "ordering": ["-id"],
                "indexes": [
                    models.Index(
                        fields=["affiliate", "state", "-id"], name="assignment_of_affiliate"
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("task", "affiliate"), name="assignment_once_per_task"
                    ),
                    models.UniqueConstraint(fields=("id", "kind"), name="assignment_of_kind"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Submission",
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
                    "assignment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="submissions",
                        to="tasks.assignment",
                    ),
                ),
                (
                    "url",
                    models.URLField(
                        max_length=1000,
                        validators=[django.core.validators.URLValidator(["http", "https"])],
                        verbose_name="address of the post",
                    ),
                ),
                ("posted_on", models.DateField(verbose_name="posted on")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("submitted", "to be reviewed"),
                            ("approved", "approved"),
                            ("changes_asked", "changes asked"),
                        ],
                        default="submitted",
                        max_length=20,
                        verbose_name="state",
                    ),
                ),
                (
                    "reason",
                    models.TextField(blank=True, max_length=1000, verbose_name="what to change"),
                ),
                (
                    "submitted_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        editable=False,
                        verbose_name="submitted",
                    ),
                ),
                (
                    "reviewed_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="reviewed"),
                ),
                (
                    "reviewed_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="by",
                    ),
                ),
            ],
            options={
                "verbose_name": "content",
                "verbose_name_plural": "content inbox",
                "ordering": ["-id"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state", "submitted")),
                        fields=("assignment",),
                        name="submission_one_in_review",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("reviewed_at", None), ("state", "submitted")),
                            models.Q(
                                models.Q(("state", "submitted"), _negated=True),
                                ("reviewed_at__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="submission_review_has_a_time",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "changes_asked"), _negated=True),
                            models.Q(("reason", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="submission_changes_say_why",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="CodeGrant",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "assignment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="grants",
                        to="tasks.assignment",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("individual", "influencer"), ("agency", "agency")],
                        editable=False,
                        max_length=10,
                        verbose_name="kind",
                    ),
                ),
                ("slot", models.PositiveSmallIntegerField()),
                (
                    "code",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="grant",
                        to="promocodes.promocode",
                    ),
                ),
                (
                    "granted_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        editable=False,
                        verbose_name="given",
                    ),
                ),
            ],
            options={
                "verbose_name": "code given",
                "verbose_name_plural": "codes given",
                "ordering": ["slot"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("assignment", "slot"), name="code_grant_slot_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("kind", "individual"), ("slot", 1)),
                            models.Q(("kind", "agency"), ("slot__gte", 1)),
                            _connector="OR",
                        ),
                        name="code_grant_individual_has_one",
                    ),
                ],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="codegrant",
            trigger=pgtrigger.compiler.Trigger(
                name="keep_code_grant",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="a1986efeef33905673dd595ca7aaf3611d0cf218",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_keep_code_grant_30eb4",
                    table="tasks_codegrant",
                    when="BEFORE",
                ),
            ),
        ),
    ]
