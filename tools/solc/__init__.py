"""The compiler of the contracts, as a program and as a function."""
