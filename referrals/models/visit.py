"""Confirmed visits of friends, and the places that counted friends take."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from referrals.models.device import Device
from referrals.models.participation import Participation
from referrals.models.round import Round


class Visit(models.Model):
    """A friend pressed "Accept": what became of it, and why (rounds.md, A counted visit).

    An event row: found by its participation, nothing points at it. `friend_key` is `user:N` or
    `device:N`. No address and no user agent is kept; `network_hint` is an HMAC under a salt that
    is gone after 48 hours, and the hint goes with it.
    """

    class Outcome(models.TextChoices):
        COUNTED = "counted", _("counted")
        WAITING = "waiting", _("waiting")
        NOT_COUNTED = "not_counted", _("not counted")

    class Reason(models.TextChoices):
        COUNTED = "counted", _("counted")
        OWN_LINK = "own_link", _("own link")
        ALREADY_COUNTED = "already_counted", _("already counted")
        LIMIT_PER_FRIEND = "limit_per_friend", _("too many inviters for one friend")
        ROUND_NOT_STARTED = "round_not_started", _("round not started")
        ROUND_ENDED = "round_ended", _("round ended")
        LINK_REVOKED = "link_revoked", _("link revoked")
        NEED_SIGN_IN = "need_sign_in", _("sign-in needed")
        NEED_NEW_USER = "need_new_user", _("only new shoppers count")
        NETWORK_CEILING = "network_ceiling", _("many friends on one network")
        TOO_FAST = "too_fast", _("many friends in a few minutes")
        AUTOMATED = "automated", _("looks automated")
        PREVIEW_ONLY = "preview_only", _("link preview")
        RING_REVIEW = "ring_review", _("closed ring, in review")
        MERGED_DEVICE = "merged_device", _("second device of a counted friend")
        TECHNICAL = "technical", _("technical")

    class Channel(models.TextChoices):
        OK = "ok", _("Odnoklassniki")
        VK = "vk", _("VK")
        TELEGRAM = "telegram", "Telegram"
        WHATSAPP = "whatsapp", "WhatsApp"
        VIBER = "viber", "Viber"
        EMAIL = "email", _("E-mail")
        COPY = "copy", _("Copied link")
        QR = "qr", _("QR code")
        PHONE = "phone", _("Phone's share menu")
        OTHER = "other", _("Other")

    participation = models.ForeignKey(Participation, models.CASCADE, related_name="visits")
    nonce = models.CharField(max_length=32, editable=False)
    friend_key = models.CharField(_("friend"), max_length=40)
    device = models.ForeignKey(Device, models.SET_NULL, null=True, related_name="+")
    outcome = models.CharField(_("outcome"), max_length=11, choices=Outcome)
    reason = models.CharField(_("reason"), max_length=20, choices=Reason)
    channel = models.CharField(_("channel"), max_length=10, choices=Channel, default=Channel.OTHER)
    facts = models.JSONField(_("facts"), default=dict)
    network_hint = models.CharField(max_length=64, blank=True, editable=False)
    visited_at = models.DateTimeField(_("visited"))
    decided_at = models.DateTimeField(_("decided"))
    review_due_at = models.DateTimeField(_("counts by itself at"), null=True, blank=True)

    class Meta:
        verbose_name = _("visit")
        verbose_name_plural = _("visits")
        constraints = [
            models.UniqueConstraint(
                fields=["participation", "nonce"], name="visit_nonce_used_once"
            ),
            models.UniqueConstraint(
                fields=["participation", "friend_key"],
                condition=Q(outcome="counted"),
                name="friend_counted_once_per_inviter",
            ),
            models.CheckConstraint(
                condition=Q(outcome="counted", reason="counted")
                | (~Q(outcome="counted") & ~Q(reason="counted")),
                name="visit_counted_for_that_reason",
            ),
            models.CheckConstraint(
                condition=Q(review_due_at__isnull=True) | Q(reason="ring_review"),
                name="visit_review_has_a_deadline",
            ),
        ]
        indexes = [
            models.Index(fields=["participation", "-visited_at"], name="visit_of_participation"),
            models.Index(
                fields=["friend_key"], condition=Q(outcome="waiting"), name="visit_waiting"
            ),
            models.Index(
                fields=["device"],
                condition=~Q(outcome="not_counted"),
                name="visit_of_device",
            ),
            models.Index(
                fields=["review_due_at"],
                condition=Q(outcome="waiting", review_due_at__isnull=False),
                name="visit_review_due",
            ),
            models.Index(
                fields=["visited_at"], condition=~Q(network_hint=""), name="visit_with_hint"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.outcome}: {self.reason}"


class FriendSlot(models.Model):
    """A place that a counted friend takes in a round: one per inviter, at most K in all.

    The unique rules are what keeps parallel visits honest; visits only show the outcome.
    """

    round = models.ForeignKey(Round, models.PROTECT, related_name="+", db_index=False)
    friend_key = models.CharField(max_length=40)
    slot = models.PositiveSmallIntegerField()
    participation = models.ForeignKey(
        Participation, models.CASCADE, related_name="slots", db_index=False
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["round", "friend_key", "slot"], name="friend_slot_taken_once"
            ),
            models.UniqueConstraint(
                fields=["participation", "friend_key"], name="friend_slot_once_per_inviter"
            ),
            models.CheckConstraint(condition=Q(slot__gte=1), name="friend_slot_from_one"),
        ]

    def __str__(self) -> str:
        return f"{self.friend_key}#{self.slot}"
