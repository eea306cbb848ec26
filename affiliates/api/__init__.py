"""The REST calls of this floor (api.md)."""
