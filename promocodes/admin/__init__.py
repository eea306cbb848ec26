"""Operations' pages: promotions and their approval, codes, checkouts and the ledger of uses."""

from promocodes.admin.codes import CodeBatchAdmin, PromoCodeAdmin
from promocodes.admin.promotions import PromotionAdmin
from promocodes.admin.redemptions import CheckoutAdmin, RedemptionAdmin

__all__ = [
    "CheckoutAdmin",
    "CodeBatchAdmin",
    "PromoCodeAdmin",
    "PromotionAdmin",
    "RedemptionAdmin",
]
