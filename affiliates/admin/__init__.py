"""Pages of the operations site: people, plans and agreements; what was earned; the ledger;
settlement; payouts."""

from affiliates.admin.agreements import AgreementAdmin, PlanAdmin
from affiliates.admin.books import AccountAdmin, TransferAdmin
from affiliates.admin.earned import AttributionAdmin, CommissionAdmin, ParkedAdmin
from affiliates.admin.payouts import BatchAdmin, RuleAdmin
from affiliates.admin.people import AffiliateAdmin, LinkAdmin, RosterAdmin
from affiliates.admin.runs import RunAdmin
from affiliates.admin.withdrawals import WithdrawalAdmin

__all__ = [
    "AccountAdmin",
    "AffiliateAdmin",
    "AgreementAdmin",
    "AttributionAdmin",
    "BatchAdmin",
    "CommissionAdmin",
    "LinkAdmin",
    "ParkedAdmin",
    "PlanAdmin",
    "RosterAdmin",
    "RuleAdmin",
    "RunAdmin",
    "TransferAdmin",
    "WithdrawalAdmin",
]
