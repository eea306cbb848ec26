"""Wiring only: settings, urls, the two admin sites, Celery, and the launcher of servers."""
