"""The chain through the SDK."""
