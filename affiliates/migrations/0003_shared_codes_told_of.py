"""What affiliates write about, and which shared promotions they were told of."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

import marketplace.ids


class Migration(migrations.Migration):
    dependencies = [
        ("affiliates", "0002_one_currency"),
        ("marketplace", "0003_key_expiry_and_rate"),
        ("promocodes", "0006_newly_shared"),
    ]

    operations = [
        migrations.CreateModel(
            name="Announcement",
            fields=[
                (
                    "promotion",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="promocodes.promotion",
                        verbose_name="promotion",
                    ),
                ),
                (
                    "announced_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        verbose_name="announced",
                    ),
                ),
            ],
            options={
                "verbose_name": "announcement",
                "verbose_name_plural": "announcements",
            },
        ),
        migrations.AddField(
            model_name="affiliate",
            name="categories",
            field=models.ManyToManyField(
                blank=True, related_name="+", to="marketplace.category", verbose_name="writes about"
            ),
        ),
        migrations.AddField(
            model_name="affiliate",
            name="wants_letters",
            field=models.BooleanField(
                default=True,
                help_text="In the chosen categories alone.",
                verbose_name="letters about new codes",
            ),
        ),
        migrations.CreateModel(
            name="CodeNotice",
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
                    "state",
                    models.CharField(
                        choices=[("owed", "owed"), ("sent", "sent"), ("dropped", "dropped")],
                        default="owed",
                        max_length=7,
                        verbose_name="state",
                    ),
                ),
                ("due_at", models.DateTimeField(verbose_name="due")),
                ("tries", models.PositiveSmallIntegerField(default=0, verbose_name="tries")),
                ("told_at", models.DateTimeField(blank=True, null=True, verbose_name="told")),
                (
                    "affiliate",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="affiliates.affiliate",
                        verbose_name="affiliate",
                    ),
                ),
                (
                    "promotion",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="promocodes.promotion",
                        verbose_name="promotion",
                    ),
                ),
            ],
            options={
                "verbose_name": "notice of a code",
                "verbose_name_plural": "notices of codes",
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "owed")),
                        fields=["due_at"],
                        name="code_notice_owed",
                    ),
                    models.Index(fields=["affiliate", "told_at"], name="code_notice_of_affiliate"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("promotion", "affiliate"), name="code_notice_once_per_promotion"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "sent"), ("told_at__isnull", False)),
                            models.Q(models.Q(("state", "sent"), _negated=True), ("told_at", None)),
                            _connector="OR",
                        ),
                        name="code_notice_sent_has_time",
                    ),
                ],
            },
        ),
    ]
