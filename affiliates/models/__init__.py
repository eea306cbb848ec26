"""Money: who works for sellers, what they earned and why, the ledger, and how it is paid out."""

from affiliates.models.affiliate import Affiliate, RosterMember
from affiliates.models.agreement import AffiliatePlan, Agreement
from affiliates.models.announcement import Announcement, CodeNotice
from affiliates.models.attribution import Attribution
from affiliates.models.commission import Commission
from affiliates.models.ledger import Account, Transfer
from affiliates.models.link import Click, Link
from affiliates.models.parked import ParkedOrder
from affiliates.models.settlement import SettlementRun
from affiliates.models.withdrawal import PayoutBatch, PayoutMethod, PayoutRule, Withdrawal

__all__ = [
    "Account",
    "Affiliate",
    "AffiliatePlan",
    "Agreement",
    "Announcement",
    "Attribution",
    "Click",
    "CodeNotice",
    "Commission",
    "Link",
    "ParkedOrder",
    "PayoutBatch",
    "PayoutMethod",
    "PayoutRule",
    "RosterMember",
    "SettlementRun",
    "Transfer",
    "Withdrawal",
]
