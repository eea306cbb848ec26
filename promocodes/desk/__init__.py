"""Pages that stand on both admin sites: one implementation for sellers and for operations."""
