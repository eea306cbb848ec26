"""Promo codes on the sellers' site (AE-01, AM-01..16)."""

from django.contrib.admin import AdminSite

from promocodes.models import Promotion
from promocodes.seller_admin.promotions import PromotionAdmin


def register(site: AdminSite) -> None:
    """Put this floor's pages on the sellers' site."""
    site.register(Promotion, PromotionAdmin)
