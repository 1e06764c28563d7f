"""Measures what the calls of a job's life cost, on a local chain, and keeps the table of it."""
