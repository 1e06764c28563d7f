import base64
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepsquare.hashing import HASH_LENGTH, batch_location_hash


def test_hash__empty_script__is_the_known_value() -> None:
    assert batch_location_hash(b"") == "47DEQpj8HBSa-_TImW-5JCeuQeRkm5N"


@given(st.binary(), st.binary())
def test_hash__different_scripts__differ(one: bytes, other: bytes) -> None:
    assert (batch_location_hash(one) == batch_location_hash(other)) == (one == other)


@given(st.binary())
def test_hash__any_script__fits_one_storage_word(script: bytes) -> None:
    text = batch_location_hash(script)
    assert len(text) == HASH_LENGTH == 31
    assert len(base64.urlsafe_b64decode(text + "=")) == 23


@pytest.mark.integration
def test_hash__everyday_tools__give_the_same() -> None:
    pipeline = (
        "printf 'echo hi\\n' | openssl dgst -sha256 -binary | base64 | tr '+/' '-_' | cut -c1-31"
    )
    shown = subprocess.run(
        ["bash", "-c", pipeline], capture_output=True, text=True, check=True
    ).stdout.strip()
    assert shown == batch_location_hash(b"echo hi\n")
