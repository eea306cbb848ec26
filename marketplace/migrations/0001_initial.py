"""The ground floor: people, stores, products, orders, API clients, the audit log."""

import re

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.contrib.postgres.operations
import django.core.validators
import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.datetime
import django.db.models.functions.text
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models

import marketplace.models.fields


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    operations = [
        django.contrib.postgres.operations.BtreeGistExtension(),
        migrations.CreateModel(
            name="User",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("password", models.CharField(max_length=128, verbose_name="password")),
                (
                    "last_login",
                    models.DateTimeField(blank=True, null=True, verbose_name="last login"),
                ),
                (
                    "is_superuser",
                    models.BooleanField(
                        default=False,
                        help_text="Designates that this user has all permissions without explicitly assigning them.",
                        verbose_name="superuser status",
                    ),
                ),
                (
                    "ref",
                    models.CharField(
                        blank=True,
                        max_length=64,
                        null=True,
                        unique=True,
                        validators=[
                            django.core.validators.RegexValidator(
                                re.compile("^[A-Za-z0-9._:\\-]{1,64}\\Z"),
                                "Use 1 to 64 of A-Z, a-z, 0-9, dot, underscore, colon and hyphen.",
                                code="ref",
                            )
                        ],
                        verbose_name="marketplace's id",
                    ),
                ),
                (
                    "email",
                    models.EmailField(
                        blank=True, max_length=254, null=True, unique=True, verbose_name="e-mail"
                    ),
                ),
                (
                    "language",
                    models.CharField(
                        choices=[
                            ("ru", "Russian"),
                            ("en", "English"),
                            ("zh-hans", "Simplified Chinese"),
                        ],
                        default="ru",
                        max_length=10,
                        verbose_name="language",
                    ),
                ),
                ("is_active", models.BooleanField(default=True, verbose_name="active")),
                ("is_staff", models.BooleanField(default=False, verbose_name="operations staff")),
                (
                    "date_joined",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        editable=False,
                        verbose_name="joined",
                    ),
                ),
                (
                    "groups",
                    models.ManyToManyField(
                        blank=True,
                        help_text="The groups this user belongs to. A user will get all permissions granted to each of their groups.",
                        related_name="user_set",
                        related_query_name="user",
                        to="auth.group",
                        verbose_name="groups",
                    ),
                ),
                (
                    "user_permissions",
                    models.ManyToManyField(
                        blank=True,
                        help_text="Specific permissions for this user.",
                        related_name="user_set",
                        related_query_name="user",
                        to="auth.permission",
                        verbose_name="user permissions",
                    ),
                ),
            ],
            options={
                "verbose_name": "user",
                "verbose_name_plural": "users",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("email", django.db.models.functions.text.Lower("email")),
                            ("email", None),
                            _connector="OR",
                        ),
                        name="user_email_is_lower_case",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Category",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "ref",
                    marketplace.models.fields.RefField(
                        max_length=64, unique=True, verbose_name="category id"
                    ),
                ),
                ("name", models.CharField(max_length=200, verbose_name="name")),
            ],
            options={
                "verbose_name": "category",
                "verbose_name_plural": "categories",
            },
        ),
        migrations.CreateModel(
            name="JournalCursor",
            fields=[
                ("reader", models.CharField(max_length=40, primary_key=True, serialize=False)),
                (
                    "cluster",
                    models.BigIntegerField(
                        help_text="The database cluster whose transaction ids these are."
                    ),
                ),
                ("txid", models.BigIntegerField()),
                ("event_id", models.BigIntegerField()),
                ("replay_from", models.BigIntegerField(null=True)),
                ("replay_to", models.BigIntegerField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="Store",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "ref",
                    marketplace.models.fields.RefField(
                        max_length=64, unique=True, verbose_name="store id"
                    ),
                ),
                ("name", models.CharField(max_length=200, verbose_name="name")),
                (
                    "currency",
                    marketplace.models.fields.CurrencyField(max_length=3, verbose_name="currency"),
                ),
                ("country", models.CharField(max_length=2, verbose_name="country")),
                (
                    "host",
                    models.CharField(
                        blank=True,
                        help_text="Links to this store may lead only here, for example shop.example.com.",
                        max_length=253,
                        verbose_name="verified host",
                    ),
                ),
                ("is_verified", models.BooleanField(default=False, verbose_name="verified")),
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
                "verbose_name": "store",
                "verbose_name_plural": "stores",
            },
        ),
        migrations.CreateModel(
            name="ApiClient",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=100, unique=True, verbose_name="name")),
                (
                    "scopes",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(
                            choices=[
                                ("catalog", "stores and products"),
                                ("promotions", "promotions and codes"),
                                ("approve", "approve promotions"),
                                ("checkout", "quote, reserve, redeem, reverse"),
                                ("orders", "report and read orders, sign shoppers in"),
                                ("reports", "read reports"),
                            ],
                            max_length=20,
                        ),
                        default=list,
                        size=None,
                        verbose_name="scopes",
                    ),
                ),
                (
                    "store",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="api_clients",
                        to="marketplace.store",
                        verbose_name="only this store",
                    ),
                ),
                (
                    "addresses",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=43),
                        blank=True,
                        default=list,
                        help_text="Addresses or networks, such as 203.0.113.0/24; empty allows any.",
                        size=None,
                        verbose_name="allowed addresses",
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
                "verbose_name": "API client",
                "verbose_name_plural": "API clients",
            },
        ),
        migrations.CreateModel(
            name="Profile",
            fields=[
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        serialize=False,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("name", models.CharField(blank=True, max_length=100, verbose_name="name")),
                ("phone", models.CharField(blank=True, max_length=20, verbose_name="phone")),
                ("avatar_url", models.URLField(blank=True, max_length=500, verbose_name="picture")),
            ],
            options={
                "verbose_name": "profile",
                "verbose_name_plural": "profiles",
            },
        ),
        migrations.CreateModel(
            name="ApiKey",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "client",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="keys",
                        to="marketplace.apiclient",
                    ),
                ),
                ("prefix", models.CharField(max_length=16, verbose_name="begins with")),
                ("digest", models.CharField(editable=False, max_length=64, unique=True)),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        editable=False,
                        verbose_name="created",
                    ),
                ),
                (
                    "last_used_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="last used"),
                ),
                ("revoked_at", models.DateTimeField(blank=True, null=True, verbose_name="revoked")),
            ],
            options={
                "verbose_name": "API key",
                "verbose_name_plural": "API keys",
            },
        ),
        migrations.CreateModel(
            name="AuditEntry",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "actor",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="user",
                    ),
                ),
                (
                    "actor_name",
                    models.CharField(
                        help_text="The user's number, an API client or a job.",
                        max_length=120,
                        verbose_name="by",
                    ),
                ),
                ("verb", models.CharField(max_length=60, verbose_name="act")),
                ("target", models.CharField(db_index=True, max_length=120, verbose_name="on")),
                ("reason", models.TextField(blank=True, verbose_name="reason")),
                ("before", models.JSONField(blank=True, null=True, verbose_name="before")),
                ("after", models.JSONField(blank=True, null=True, verbose_name="after")),
                (
                    "at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        db_index=True,
                        verbose_name="at",
                    ),
                ),
            ],
            options={
                "verbose_name": "audit entry",
                "verbose_name_plural": "audit log",
            },
        ),
        migrations.CreateModel(
            name="IdempotencyRecord",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "client",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        to="marketplace.apiclient",
                    ),
                ),
                ("key", models.CharField(max_length=255)),
                ("fingerprint", models.CharField(max_length=64)),
                ("status", models.PositiveSmallIntegerField()),
                ("body", models.TextField()),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), db_index=True
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("client", "key"), name="idempotency_key_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="Order",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "ref",
                    marketplace.models.fields.OrderRefField(
                        max_length=129, unique=True, verbose_name="order"
                    ),
                ),
                (
                    "number",
                    models.GeneratedField(
                        db_persist=True,
                        expression=models.Func(
                            models.F("ref"),
                            models.Value("^.*/"),
                            models.Value(""),
                            function="regexp_replace",
                        ),
                        output_field=marketplace.models.fields.RefField(max_length=64),
                        verbose_name="number",
                    ),
                ),
                (
                    "reported_by",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        help_text="The store by whose own key it was reported; empty for the marketplace.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="marketplace.store",
                        verbose_name="reported by",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("placed", "placed"),
                            ("paid", "paid"),
                            ("delivered", "delivered"),
                            ("cancelled", "cancelled"),
                        ],
                        default="placed",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                ("version", models.PositiveBigIntegerField(default=0, verbose_name="version")),
                (
                    "shopper_ref",
                    marketplace.models.fields.RefField(
                        blank=True, max_length=64, verbose_name="shopper's id"
                    ),
                ),
                (
                    "shopper",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="orders",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="shopper",
                    ),
                ),
                (
                    "identities",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=80),
                        default=list,
                        editable=False,
                        help_text="Prints of the shopper's e-mail, phone, payment and device (`identities`).",
                        size=None,
                    ),
                ),
                (
                    "currency",
                    marketplace.models.fields.CurrencyField(
                        blank=True,
                        help_text="Empty until an event tells it; then for ever.",
                        max_length=3,
                        verbose_name="currency",
                    ),
                ),
                (
                    "shipping_minor",
                    models.BigIntegerField(default=0, verbose_name="shipping, minor units"),
                ),
                (
                    "codes",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=64),
                        default=list,
                        size=None,
                        verbose_name="codes",
                    ),
                ),
                ("click_ref", models.CharField(blank=True, max_length=64, verbose_name="click")),
                ("placed_at", models.DateTimeField(blank=True, null=True, verbose_name="placed")),
                ("paid_at", models.DateTimeField(blank=True, null=True, verbose_name="paid")),
                (
                    "delivered_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="delivered"),
                ),
                (
                    "cancelled_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="cancelled"),
                ),
                (
                    "parked",
                    models.JSONField(
                        blank=True,
                        default=list,
                        help_text="What was reported as returned but can't be: each with its reason.",
                        verbose_name="parked",
                    ),
                ),
            ],
            options={
                "verbose_name": "order",
                "verbose_name_plural": "orders",
                "indexes": [
                    models.Index(fields=["shopper_ref", "paid_at"], name="order_of_shopper"),
                    django.contrib.postgres.indexes.GinIndex(
                        fields=["identities"], name="order_of_identities"
                    ),
                    models.Index(
                        condition=models.Q(("reported_by__isnull", False)),
                        fields=["number"],
                        name="order_told_by_a_store",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("ref", models.F("number")), ("reported_by", None)),
                            models.Q(
                                models.Q(("ref", models.F("number")), _negated=True),
                                ("reported_by__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="order_ref_says_whose_word",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("shipping_minor__gte", 0)),
                        name="order_shipping_not_negative",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("cancelled_at__isnull", False), ("state", "cancelled")),
                            models.Q(
                                models.Q(("state", "cancelled"), _negated=True),
                                ("cancelled_at", None),
                            ),
                            _connector="OR",
                        ),
                        name="order_cancelled_has_its_time",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="OrderEvent",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "client",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="marketplace.apiclient",
                    ),
                ),
                (
                    "event_id",
                    marketplace.models.fields.RefField(max_length=64, verbose_name="event id"),
                ),
                (
                    "order_ref",
                    marketplace.models.fields.OrderRefField(max_length=129, verbose_name="order"),
                ),
                ("version", models.PositiveBigIntegerField(verbose_name="version")),
                (
                    "type",
                    models.CharField(
                        choices=[
                            ("placed", "placed"),
                            ("paid", "paid"),
                            ("delivered", "delivered"),
                            ("cancelled", "cancelled"),
                            ("refunded", "refunded"),
                        ],
                        max_length=10,
                        verbose_name="type",
                    ),
                ),
                ("occurred_at", models.DateTimeField(verbose_name="occurred")),
                ("payload", models.JSONField(verbose_name="event")),
                ("fingerprint", models.CharField(editable=False, max_length=64)),
                (
                    "recorded_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        editable=False,
                        verbose_name="recorded",
                    ),
                ),
                (
                    "txid",
                    models.BigIntegerField(
                        db_default=marketplace.models.fields.TransactionId(), editable=False
                    ),
                ),
            ],
            options={
                "verbose_name": "order event",
                "verbose_name_plural": "order events",
                "indexes": [
                    models.Index(fields=["txid", "id"], name="order_event_in_commit_order"),
                    models.Index(fields=["client", "event_id"], name="order_event_of_client"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("order_ref", "client", "event_id"),
                        name="order_event_once_per_client",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="SignInToken",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "client",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="marketplace.apiclient",
                    ),
                ),
                ("digest", models.CharField(max_length=64, unique=True)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("next", models.CharField(blank=True, max_length=2000)),
                ("expires_at", models.DateTimeField(db_index=True)),
                ("used_at", models.DateTimeField(blank=True, null=True)),
            ],
        ),
        migrations.CreateModel(
            name="Product",
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
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="products",
                        to="marketplace.store",
                    ),
                ),
                (
                    "ref",
                    marketplace.models.fields.RefField(
                        max_length=64, unique=True, verbose_name="product id"
                    ),
                ),
                ("name", models.CharField(max_length=300, verbose_name="name")),
                (
                    "category",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="products",
                        to="marketplace.category",
                    ),
                ),
                ("price_minor", models.BigIntegerField(verbose_name="price, minor units")),
                (
                    "currency",
                    marketplace.models.fields.CurrencyField(max_length=3, verbose_name="currency"),
                ),
                ("url", models.URLField(blank=True, max_length=1000, verbose_name="address")),
                ("image_url", models.URLField(blank=True, max_length=1000, verbose_name="picture")),
                ("is_active", models.BooleanField(default=True, verbose_name="active")),
                (
                    "updated_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(),
                        editable=False,
                        verbose_name="updated",
                    ),
                ),
            ],
            options={
                "verbose_name": "product",
                "verbose_name_plural": "products",
                "constraints": [
                    models.UniqueConstraint(fields=("store", "id"), name="product_of_store"),
                    models.CheckConstraint(
                        condition=models.Q(("price_minor__gte", 0)),
                        name="product_price_not_negative",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="OrderLine",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="lines",
                        to="marketplace.order",
                    ),
                ),
                ("ref", marketplace.models.fields.RefField(max_length=64, verbose_name="line")),
                (
                    "store",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="order_lines",
                        to="marketplace.store",
                    ),
                ),
                (
                    "product_ref",
                    marketplace.models.fields.RefField(max_length=64, verbose_name="product"),
                ),
                (
                    "category_ref",
                    marketplace.models.fields.RefField(
                        blank=True, max_length=64, verbose_name="category"
                    ),
                ),
                (
                    "unit_price_minor",
                    models.BigIntegerField(verbose_name="unit price, minor units"),
                ),
                ("quantity", models.PositiveIntegerField(verbose_name="quantity")),
                (
                    "discount_minor",
                    models.BigIntegerField(default=0, verbose_name="discount, minor units"),
                ),
                (
                    "refunded_quantity",
                    models.PositiveIntegerField(default=0, verbose_name="units returned"),
                ),
                (
                    "refunded_minor",
                    models.BigIntegerField(
                        default=0,
                        help_text="The part of the discounted line total that went back to the shopper.",
                        verbose_name="money returned, minor units",
                    ),
                ),
            ],
            options={
                "verbose_name": "order line",
                "verbose_name_plural": "order lines",
                "indexes": [models.Index(fields=["store", "order"], name="order_line_of_store")],
                "constraints": [
                    models.UniqueConstraint(fields=("order", "ref"), name="order_line_ref_once"),
                    models.CheckConstraint(
                        condition=models.Q(("quantity__gte", 1), ("unit_price_minor__gte", 0)),
                        name="order_line_amounts_not_negative",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("discount_minor__gte", 0),
                            ("unit_price_minor__gte", 0),
                            (
                                "discount_minor__lte",
                                django.db.models.expressions.CombinedExpression(
                                    models.F("unit_price_minor"), "*", models.F("quantity")
                                ),
                            ),
                        ),
                        name="order_line_discount_within_price",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("refunded_quantity__lte", models.F("quantity")),
                            ("refunded_minor__gte", 0),
                            (
                                "refunded_minor__lte",
                                django.db.models.expressions.CombinedExpression(
                                    django.db.models.expressions.CombinedExpression(
                                        models.F("unit_price_minor"), "*", models.F("quantity")
                                    ),
                                    "-",
                                    models.F("discount_minor"),
                                ),
                            ),
                        ),
                        name="order_line_refund_within_total",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="StoreMember",
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
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="members",
                        to="marketplace.store",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="store_memberships",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "role",
                    models.CharField(
                        choices=[("owner", "owner"), ("manager", "manager")],
                        default="manager",
                        max_length=10,
                        verbose_name="role",
                    ),
                ),
            ],
            options={
                "verbose_name": "store member",
                "verbose_name_plural": "store members",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("store", "user"), name="one_membership_per_store"
                    )
                ],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="auditentry",
            trigger=pgtrigger.compiler.Trigger(
                name="append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="fa4c7fcfeb40db243d4174eb5d34e95b0f3d72a7",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_append_only_fdd3a",
                    table="marketplace_auditentry",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="auditentry",
            trigger=pgtrigger.compiler.Trigger(
                name="append_only_whole",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'An append-only table can''t be truncated';",
                    hash="daeb1e16bb96230f94a44dcb0deee5ca49b6bbe2",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_append_only_whole_c099c",
                    table="marketplace_auditentry",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="orderevent",
            trigger=pgtrigger.compiler.Trigger(
                name="append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="c8e7d5f2c60a10e043d63529dc8ba8afc0478026",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_append_only_9423c",
                    table="marketplace_orderevent",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="orderevent",
            trigger=pgtrigger.compiler.Trigger(
                name="append_only_whole",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'An append-only table can''t be truncated';",
                    hash="6d0e57aeb5607821e9fc52c259cf4d14bbe33cad",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_append_only_whole_6bae7",
                    table="marketplace_orderevent",
                    when="BEFORE",
                ),
            ),
        ),
    ]
