"""`make bench`: how fast Sarafan is, row by row, against the same work by the barest means.

Each row is a file here with `ROW` (what, against what, the goal) and `measure`, which returns what
was timed after it has shown that the result is right. `kit/` holds what rows share. To add a row:
write its file, name it in `bench.__main__.ROWS`.
"""
