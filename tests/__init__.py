"""The tests. A package, as a dependency of the contract tooling installs a `tests` of its own."""
