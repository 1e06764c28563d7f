"""Writes what the SDK knows of the contracts, from the compiler's output."""
