"""Promotions, the codes that carry them, and the ledger of their uses."""

from promocodes.models.checkout import Checkout
from promocodes.models.code import CodeBatch, CodesOfDay, ImportedCode, PromoCode
from promocodes.models.limit import MissCount, PromotionCounter, UseSlot
from promocodes.models.notice import DecisionNotice
from promocodes.models.promotion import Promotion
from promocodes.models.redemption import Redemption, RedemptionLine
from promocodes.models.reversal import Reversal, ReversalLine
from promocodes.models.terms import PromotionTerms

__all__ = [
    "Checkout",
    "CodeBatch",
    "CodesOfDay",
    "DecisionNotice",
    "ImportedCode",
    "MissCount",
    "PromoCode",
    "Promotion",
    "PromotionCounter",
    "PromotionTerms",
    "Redemption",
    "RedemptionLine",
    "Reversal",
    "ReversalLine",
    "UseSlot",
]
