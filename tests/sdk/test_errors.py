"""The error tree keeps its promises over the whole SDK."""

import importlib
import pkgutil
from collections import Counter
from collections.abc import Iterator

import pytest

import deepsquare
from deepsquare.errors import Broken, DeepSquareError, Refused, Unavailable


def every_error() -> Iterator[type[DeepSquareError]]:
    for module in pkgutil.walk_packages(deepsquare.__path__, "deepsquare."):
        if not module.name.startswith("deepsquare.testing._"):
            importlib.import_module(module.name)
    waiting = [DeepSquareError]
    while waiting:
        error = waiting.pop()
        if error.__module__.startswith("deepsquare."):
            yield error
        waiting += error.__subclasses__()


def test_codes__over_the_whole_sdk__are_unique() -> None:
    codes = Counter(error.code for error in set(every_error()) if "code" in vars(error))
    assert [code for code, count in codes.items() if count > 1] == []


def test_classes__over_the_whole_sdk__are_of_one_of_three_kinds() -> None:
    kinds = (Refused, Unavailable, Broken)
    strays = [
        error
        for error in every_error()
        if error is not DeepSquareError and not issubclass(error, kinds)
    ]
    assert strays == []


@pytest.mark.parametrize(
    ("kind", "retryable"), [(Refused, False), (Unavailable, True), (Broken, False)]
)
def test_kind__retryable__only_if_something_is_away(
    kind: type[DeepSquareError], retryable: bool
) -> None:
    assert kind("why").retryable is retryable


def test_error__details__are_copied() -> None:
    details = {"need": 1}
    error = Refused("too little", details=details)
    details["need"] = 2
    assert (str(error), error.message, error.details) == ("too little", "too little", {"need": 1})
