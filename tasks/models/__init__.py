"""Tasks that influencers take: which code, for what pay, until when, and what came of it."""

from tasks.models.assignment import Assignment, CodeGrant
from tasks.models.submission import Submission
from tasks.models.task import Task

__all__ = ["Assignment", "CodeGrant", "Submission", "Task"]
