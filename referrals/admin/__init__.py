"""Pages of the operations site: campaigns and rounds are planned, people and visits looked at."""

from referrals.admin.campaigns import CampaignAdmin
from referrals.admin.people import ParticipationAdmin, VisitAdmin
from referrals.admin.rounds import RoundAdmin

__all__ = ["CampaignAdmin", "ParticipationAdmin", "RoundAdmin", "VisitAdmin"]
