"""The trials of a tuning run: a chief that asks and tells, and worker processes that score."""
