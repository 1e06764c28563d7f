"""S3 input, by the real s5cmd and a real server (conformance 31)."""

import pytest
from tests.sbatch_api.rendering.s3_jobs import LIST, ODD_NAMES, fetching
from tests.support.batch import BatchResult, BatchSite, a_run
from tests.support.s3 import REGION, S3Server

pytestmark = pytest.mark.integration


def listed(result: BatchResult) -> list[str]:
    return [line for line in result.lines if line.startswith("./") and not line.endswith(":")]


def test_input__of_a_directory__fetches_what_is_below_it_and_nothing_alike(
    site: BatchSite, s3: S3Server
) -> None:
    """W-IN-3, W-IN-4."""
    for key in ("test/a", "test/sub/b", "test2", "test2/no", "test.txt", "tes"):
        s3.put(f"prefix/{key}")
    s3.put("test/outside")
    result = site.run(fetching(s3, "/test"))
    assert (result.code, listed(result)) == (0, ["./a", "./sub/b"])
    assert {region for _, _, region in s3.requests} == {REGION}


def test_input__of_an_object__lands_under_its_base_name(site: BatchSite, s3: S3Server) -> None:
    """W-IN-3."""
    s3.put("prefix/deep/one", b"content")
    result = site.run(fetching(s3, "/deep/one", a_run(f'{LIST}; cat "$DEEPSQUARE_INPUT/one"')))
    assert listed(result) == ["./one"]
    assert result.stdout.endswith("content")


@pytest.mark.parametrize("prefix", ["", "/prefix"])
def test_input__of_the_root__fetches_all(site: BatchSite, s3: S3Server, prefix: str) -> None:
    """W-IN-3."""
    s3.put(f"{prefix}/a/b".lstrip("/"))
    s3.put(f"{prefix}/c".lstrip("/"))
    result = site.run(fetching(s3, "/", prefix=prefix))
    assert (result.code, listed(result)) == (0, ["./a/b", "./c"])


def test_input__of_odd_keys__keeps_names_and_content(site: BatchSite, s3: S3Server) -> None:
    """W-IN-3."""
    for name in ODD_NAMES:
        s3.put(f"prefix/test/{name}", name.encode())
    check = 'cd "$DEEPSQUARE_INPUT"; find . -type f -exec grep -cxF -f {} {} \\; | sort -u'
    result = site.run(fetching(s3, "/test", a_run(LIST), a_run(check)))
    assert result.code == 0
    assert listed(result) == sorted((f"./{name}" for name in ODD_NAMES), key=str.encode)


@pytest.mark.parametrize("path", ["/st*r", "/what?", "/br[1]", '/it\'s, "so" $x'])
def test_input__of_a_path_with_special_characters__is_no_pattern(
    site: BatchSite, s3: S3Server, path: str
) -> None:
    """W-IN-3."""
    for directory in (path, "/stXr", "/whatX", "/br1"):
        s3.put(f"prefix{directory}/in its own")
        s3.put(f"prefix{directory}/s*b/it's\u00e9")
    result = site.run(fetching(s3, path))
    assert (result.code, listed(result)) == (0, ["./in its own", "./s*b/it'sé"])


@pytest.mark.parametrize("key", ["../../evil", "a/../../evil", "..", "a/.."])
@pytest.mark.parametrize("path", ["/test", "/te*t"])
def test_input__with_a_key_that_leads_out__is_refused(
    site: BatchSite, s3: S3Server, key: str, path: str
) -> None:
    """W-IN-3: the relative path of such an object is not below the input directory."""
    s3.put(f"prefix{path}/fine..name")
    s3.put(f"prefix{path}/{key}", b"evil")
    result = site.run(fetching(s3, path, a_run("echo step")))
    assert (result.code, result.lines) == (1, [])
    assert "outside its directory, refused: s3://bucket/prefix/te" in result.stderr
    assert not list(site.root.rglob("evil"))


@pytest.mark.parametrize("path", ["/none", "/none/", "/", "/no*e"])
def test_input__when_there_is_nothing__fails_and_says_so(
    site: BatchSite, s3: S3Server, path: str
) -> None:
    """W-IN-3, W-LIFE-3."""
    result = site.run(fetching(s3, path, a_run("echo step")))
    assert (result.code, result.lines) == (1, [])
    assert f"no input found at s3://bucket/prefix{path.rstrip('/')}\n" in result.stderr


def test_input__when_the_tool_dies_without_a_word__is_not_taken_for_empty(
    site: BatchSite, s3: S3Server
) -> None:
    """W-IN-3."""
    tool = site.root / "dies"
    tool.write_text("#!/bin/sh\nkill -KILL $$\n")
    tool.chmod(0o755)
    site.environment["REAL_S5CMD"] = str(tool)
    result = site.run(fetching(s3, "/test", a_run("echo step")))
    assert (result.code, result.lines) == (1, [])
    assert "no input found" not in result.stderr


def test_input__with_an_object_deleted_meanwhile__fails_and_names_it(
    site: BatchSite, s3: S3Server
) -> None:
    """W-IN-3: half an input is none."""
    for name in "abc":
        s3.put(f"prefix/test/{name}")

    def delete_when_asked(method: str, path: str) -> None:
        if (method, path) == ("GET", "/bucket/prefix/test/b"):
            s3.delete("prefix/test/b")

    s3.before = delete_when_asked
    result = site.run(fetching(s3, "/test", a_run("echo step")))
    assert (result.code, "step" in result.lines) == (1, False)
    assert "prefix/test/b" in result.stderr
    assert "NoSuchKey" in result.stderr


def test_input__above_the_sites_limit__is_not_even_begun(site: BatchSite, s3: S3Server) -> None:
    """W-IN-6."""
    for name in "abc":
        s3.put(f"prefix/test/{name}", b"x" * 40_000)
    site.settings["MAX_INPUT_BYTES"] = "100000"
    result = site.run(fetching(s3, "/test", a_run("echo step")))
    assert (result.code, result.lines) == (63, [])
    assert "larger than the 100000 bytes" in result.stderr
    assert not [path for path in s3.calls("GET") if path.startswith("/bucket/prefix")]
