"""Writes reference pages from the code they describe."""
