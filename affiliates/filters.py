"""How influencers narrow the list of shared codes; nothing else reaches the query."""

from typing import Any

import django_filters
from django.utils.translation import gettext_lazy as _

from affiliates import shared_codes
from marketplace.models import Category
from promocodes.models import Promotion
from promocodes.models.promotion import PromotionQuerySet


class SharedCodeFilter(django_filters.FilterSet):  # type: ignore[misc]
    """By category of goods (AM-07), and by the store's name."""

    category = django_filters.ModelChoiceFilter(
        label=_("Category"),
        queryset=Category.objects.none(),
        to_field_name="ref",
        method="in_category",
        empty_label=_("any"),
    )
    store = django_filters.CharFilter(
        label=_("Store"), field_name="store__name", lookup_expr="istartswith", max_length=100
    )

    class Meta:
        model = Promotion
        fields: list[str] = []

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        at = kwargs.pop("at")
        super().__init__(*args, **kwargs)
        self.filters["category"].queryset = shared_codes.categories(at)

    def in_category(
        self, promotions: PromotionQuerySet, name: str, category: Category
    ) -> PromotionQuerySet:
        """Those that discount at least one product of the category."""
        return promotions.in_category(category)
