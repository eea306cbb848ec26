"""How influencers narrow the list of tasks; an allow-list, nothing else reaches the query."""

from datetime import timedelta
from typing import Any

import django_filters
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from marketplace.models import Category
from promocodes.models import Promotion, PromotionTerms
from tasks.models import Task


class TaskFilter(django_filters.FilterSet):  # type: ignore[misc]
    """Category, pay, rate, code type, channel, and how soon the code ends."""

    category = django_filters.ModelChoiceFilter(
        label=_("Category"),
        queryset=Category.objects.order_by("name"),
        to_field_name="ref",
        method="in_category",
        empty_label=_("any"),
    )
    pay = django_filters.ChoiceFilter(
        label=_("Pay"), field_name="pay_model", choices=Task.PayModel, empty_label=_("any")
    )
    rate = django_filters.ChoiceFilter(
        label=_("Rate"),
        choices=[(str(bp), f"≥ {bp // 100} %") for bp in (300, 500, 800, 1000, 1500)],
        field_name="rate_bp",
        lookup_expr="gte",
        empty_label=_("any"),
    )
    code_type = django_filters.ChoiceFilter(
        label=_("Code type"),
        field_name="promotion__terms__scope",
        choices=PromotionTerms.Scope,
        empty_label=_("any"),
    )
    channel = django_filters.ChoiceFilter(
        label=_("Channel"), choices=Task.Channel, method="on_channel", empty_label=_("any")
    )
    ends_in = django_filters.ChoiceFilter(
        label=_("Code works for"),
        choices=[
            ("7", _("a week or more")),
            ("14", _("two weeks or more")),
            ("30", _("a month or more")),
        ],
        method="works_for",
        empty_label=_("any"),
    )

    class Meta:
        model = Task
        fields: list[str] = []

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.at = kwargs.pop("at")
        super().__init__(*args, **kwargs)

    def in_category(self, tasks: QuerySet[Task], name: str, category: Category) -> QuerySet[Task]:
        """Tasks whose code works on at least one product of the category (AM-07)."""
        return tasks.filter(promotion__in=Promotion.objects.in_category(category))

    def on_channel(self, tasks: QuerySet[Task], name: str, channel: str) -> QuerySet[Task]:
        """Tasks that may be posted there."""
        return tasks.filter(channel__in=[channel, Task.Channel.ANY])

    def works_for(self, tasks: QuerySet[Task], name: str, days: str) -> QuerySet[Task]:
        """Tasks whose code still works for so many days."""
        return tasks.filter(
            Q(promotion__terms__ends_at=None)
            | Q(promotion__terms__ends_at__gte=self.at + timedelta(days=int(days)))
        )
