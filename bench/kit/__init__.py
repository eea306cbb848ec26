"""What the rows share: a place to measure in, the load, the barest means, turns, the table."""
