"""tasks/submissions.py: content handed in and reviewed."""

from datetime import timedelta

import pytest
from django.utils import timezone

from marketplace.models import AuditEntry
from tasks import assignments, submissions
from tasks.models import Assignment, Submission
from tests.factories.tasks import make_assignment, make_influencer, make_partner_store, make_task

pytestmark = pytest.mark.django_db
URL = "https://vk.com/wall-1_2"


@pytest.fixture
def assignment():
    made = make_assignment()
    assignments.get_codes(assignment_id=made.pk, affiliate=made.affiliate)
    return made


def hand_in(assignment, **fields):
    return submissions.submit(
        assignment_id=assignment.pk,
        **{"affiliate": assignment.affiliate, "url": URL, "posted_on": timezone.localdate()}
        | fields,
    )


def seller(assignment):
    store = assignment.task.store
    return {"store": store, "actor": store.members.get().user}


def states(assignment):
    assignment.refresh_from_db()
    return assignment.state, [row.state for row in assignment.submissions.order_by("pk")]


def test_content_is_submitted_and_approved(assignment):
    """AE-27, AE-35."""
    content = hand_in(assignment)
    assert states(assignment) == ("submitted", ["submitted"])
    submissions.approve(submission_id=content.pk, **seller(assignment))
    assert states(assignment) == ("approved", ["approved"])
    content.refresh_from_db()
    assert content.reviewed_by == seller(assignment)["actor"]
    assert AuditEntry.objects.filter(verb="submission.approved").count() == 1


def test_changes_are_asked_for_with_words_and_content_comes_again(assignment):
    first = hand_in(assignment)
    with pytest.raises(submissions.ReasonNeeded):
        submissions.ask_for_changes(submission_id=first.pk, reason="  ", **seller(assignment))
    assert states(assignment) == ("submitted", ["submitted"])
    submissions.ask_for_changes(
        submission_id=first.pk, reason="Name the store", **seller(assignment)
    )
    assert states(assignment) == ("changes_asked", ["changes_asked"])
    first.refresh_from_db()
    assert first.reason == "Name the store"
    second = hand_in(assignment)
    assert states(assignment) == ("submitted", ["changes_asked", "submitted"])
    submissions.approve(submission_id=second.pk, **seller(assignment))
    assert states(assignment) == ("approved", ["changes_asked", "approved"])


def test_late_content_is_taken():
    """AE-33, AE-35: a date that has passed refuses nothing."""
    task = make_task(submission_due_at=timezone.now() - timedelta(days=3))
    late = make_assignment(task=task)
    assignments.get_codes(assignment_id=late.pk, affiliate=late.affiliate)
    hand_in(late)
    assert states(late) == ("submitted", ["submitted"])


def test_one_piece_is_in_review_at_a_time(assignment):
    hand_in(assignment)
    with pytest.raises(submissions.InReview):
        hand_in(assignment)
    assert states(assignment) == ("submitted", ["submitted"])


def test_nothing_is_submitted_after_approval(assignment):
    content = hand_in(assignment)
    submissions.approve(submission_id=content.pk, **seller(assignment))
    with pytest.raises(submissions.AlreadyApproved):
        hand_in(assignment)
    assert states(assignment) == ("approved", ["approved"])


def test_the_code_comes_before_the_content():
    bare = make_assignment()
    with pytest.raises(submissions.NoCodeYet):
        hand_in(bare)
    assert states(bare) == ("awaiting_submission", [])


def test_a_post_of_tomorrow_is_not_out_yet(assignment):
    with pytest.raises(submissions.PostedLater):
        hand_in(assignment, posted_on=timezone.localdate() + timedelta(days=1))
    assert not Submission.objects.exists()


def test_mallory_can_not_submit_for_another(assignment):
    with pytest.raises(assignments.TaskUnknown):
        hand_in(assignment, affiliate=make_influencer())
    assert states(assignment) == ("awaiting_submission", [])


def test_another_store_can_not_review(assignment):
    content = hand_in(assignment)
    other = make_partner_store()
    actor = other.members.get().user
    with pytest.raises(assignments.TaskUnknown):
        submissions.approve(submission_id=content.pk, store=other, actor=actor)
    assert states(assignment) == ("submitted", ["submitted"])


def test_a_review_is_given_once(assignment):
    content = hand_in(assignment)
    submissions.approve(submission_id=content.pk, **seller(assignment))
    with pytest.raises(submissions.AlreadyReviewed):
        submissions.ask_for_changes(
            submission_id=content.pk, reason="Too late", **seller(assignment)
        )
    assert states(assignment) == ("approved", ["approved"])
    assert Assignment.objects.get().state == "approved"
