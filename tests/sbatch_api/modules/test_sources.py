"""Sources and references of modules (W-MOD-1, W-MOD-2)."""

import pytest
from tests.support.processor_time import least_processor_seconds

from deepsquare_sbatch_api.domain.modules import (
    CommitPrefix,
    ModuleRefused,
    RemoteRefs,
    parse_source,
    select_commit,
)

COMMIT = "0123456789abcdef0123456789abcdef01234567"
REFS = RemoteRefs(
    "h" * 40,
    {
        "v1.0.0": "1" * 40,
        "a/b/v1.0.0": "2" * 40,
        "20240101": "3" * 40,
        "v1.1.0": "4" * 40,
        "abcdef1": "5" * 40,
    },
)


@pytest.mark.parametrize(
    ("text", "repository", "file", "ref"),
    [
        ("github.com/o/r", "https://github.com/o/r", "module.yaml", None),
        ("github.com/o/r@v1", "https://github.com/o/r", "module.yaml", "v1"),
        ("github.com/o/r/a/b@v1", "https://github.com/o/r", "a/b/module.yaml", "v1"),
        ("h.org/o/r/a@b@c", "https://h.org/o/r", "a/module.yaml", "b@c"),
    ],
)
def test_source__is_split_at_the_first_at_sign(
    text: str, repository: str, file: str, ref: str | None
) -> None:
    """W-MOD-1."""
    source = parse_source(text)
    assert (source.repository, source.file, source.ref) == (repository, file, ref)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("h.org/o/r", "h" * 40),
        ("h.org/o/r/a/b", "h" * 40),
        (f"h.org/o/r@{COMMIT}", COMMIT),
        (f"h.org/o/r@{COMMIT.upper()}", COMMIT),
        ("h.org/o/r@v1.0.0", "1" * 40),
        ("h.org/o/r/a/b@v1.0.0", "2" * 40),
        ("h.org/o/r@20240101", "3" * 40),
        ("h.org/o/r@abcdef1", "5" * 40),
        ("h.org/o/r@0123456", CommitPrefix("0123456")),
        ("h.org/o/r@20240102", CommitPrefix("20240102")),
        (f"h.org/o/r@{COMMIT[:39]}", CommitPrefix(COMMIT[:39])),
    ],
)
def test_reference__is_head_commit_tag_or_beginning_of_a_commit(
    text: str, expected: str | CommitPrefix
) -> None:
    """W-MOD-2."""
    assert select_commit(parse_source(text), REFS) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("h.org/o/r@v1.0.1", 'has no tag "v1.0.1"; the nearest are v1.0.0, v1.1.0'),
        ("h.org/o/r/a/c@v1.0.0", 'has no tag "a/c/v1.0.0"; the nearest are a/b/v1.0.0'),
        ("h.org/o/r@main", 'has no tag "main"'),
        ("h.org/o/r@012345", 'has no tag "012345"'),
    ],
)
def test_reference__that_is_unknown__is_refused_with_the_nearest_tags(
    text: str, message: str
) -> None:
    """W-MOD-2: branches are no references."""
    with pytest.raises(ModuleRefused, match="https://h") as caught:
        select_commit(parse_source(text), REFS)
    assert message in str(caught.value)


def test_reference__that_is_unknown_among_very_many__is_refused_fast() -> None:
    """W-MOD-2: the service does nothing else meanwhile."""
    tags = {f"a/v{major}.{minor}": COMMIT for major in range(1000) for minor in range(200)}
    refs = RemoteRefs(COMMIT, tags | {"a/" + "v" * 5000: COMMIT})

    def refuse() -> None:
        with pytest.raises(ModuleRefused, match="the nearest are a/v321"):
            select_commit(parse_source("h.org/o/r/a@v321.1999"), refs)
        with pytest.raises(ModuleRefused, match="has no tag"):
            select_commit(parse_source("h.org/o/r/a@" + "v" * 5001), refs)

    assert least_processor_seconds(refuse) < 0.7


def test_repository__without_a_commit__is_refused() -> None:
    with pytest.raises(ModuleRefused, match="has no commit"):
        select_commit(parse_source("h.org/o/r"), RemoteRefs(None, {}))
