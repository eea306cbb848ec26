"""Rounds and friends: who invited whom, what counted, and which code it brought."""

from referrals.models.campaign import Campaign, RoundTerms
from referrals.models.device import Device, NetworkSalt
from referrals.models.participation import Participation
from referrals.models.reminder import Reminder
from referrals.models.round import Round
from referrals.models.visit import FriendSlot, Visit

__all__ = [
    "Campaign",
    "Device",
    "FriendSlot",
    "NetworkSalt",
    "Participation",
    "Reminder",
    "Round",
    "RoundTerms",
    "Visit",
]
