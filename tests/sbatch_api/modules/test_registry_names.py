"""Names of registries and repositories, and the challenges of registries (W-LOOK-1)."""

import pytest

from deepsquare_sbatch_api.adapters.registries.challenge import Challenge, parse_challenges
from deepsquare_sbatch_api.adapters.registries.names import registry_host, repository_name
from deepsquare_sbatch_api.domain.rendering import ImageReference


@pytest.mark.parametrize(
    ("registry_name", "name", "host", "repository"),
    [
        (None, "alpine", "registry-1.docker.io", "library/alpine"),
        (None, "a/b", "registry-1.docker.io", "a/b"),
        ("docker.io", "alpine", "registry-1.docker.io", "library/alpine"),
        ("registry-1.docker.io", "alpine", "registry-1.docker.io", "library/alpine"),
        ("quay.io", "alpine", "quay.io", "alpine"),
    ],
)
def test_names__follow_the_table_of_images(
    registry_name: str | None, name: str, host: str, repository: str
) -> None:
    """W-LOOK-1, section 3.12."""
    image = ImageReference(registry_name, name, "latest")
    assert (registry_host(image), repository_name(image)) == (host, repository)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", []),
        ("Basic", [Challenge("basic", {})]),
        (
            'Bearer realm="a,b=c", service = x',
            [Challenge("bearer", {"realm": "a,b=c", "service": "x"})],
        ),
        (
            'Basic realm="a \\"b\\"", Bearer REALM="c"',
            [Challenge("basic", {"realm": 'a "b"'}), Challenge("bearer", {"realm": "c"})],
        ),
        (
            "Negotiate abc==, Basic realm=x",
            [Challenge("negotiate", {}), Challenge("basic", {"realm": "x"})],
        ),
        (", ,Basic realm=x,,", [Challenge("basic", {"realm": "x"})]),
    ],
)
def test_challenges__are_read_by_the_grammar(header: str, expected: list[Challenge]) -> None:
    """W-LOOK-1."""
    assert parse_challenges(header) == expected
