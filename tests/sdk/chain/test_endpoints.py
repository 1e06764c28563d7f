"""Which endpoint is asked first (faults.md rule 9)."""

from deepsquare.chain import BlockRef
from deepsquare.chain.endpoints import EndpointPool, HealthPolicy

URLS = ["http://one", "http://two", "http://three"]


def head(number: int, fork: str = "a") -> BlockRef:
    return BlockRef(number, f"0x{fork}{number}", number)


def names(pool: EndpointPool, now_s: float) -> list[str]:
    return [endpoint.name for endpoint in pool.ranked(now_s)]


def test_ranking__all_well__keeps_the_order_of_the_settings() -> None:
    assert names(EndpointPool(URLS), 0) == URLS


def test_ranking__one_failed__is_last_until_its_demotion_ends() -> None:
    pool = EndpointPool(URLS)
    pool.failed(pool.endpoints[0], 100, "refused")
    assert names(pool, 100) == ["http://two", "http://three", "http://one"]
    assert names(pool, 105.1) == URLS


def test_demotion__failures_in_a_row__doubles_up_to_the_limit() -> None:
    pool = EndpointPool(URLS, HealthPolicy(first_demotion_s=5, longest_demotion_s=15))
    one = pool.endpoints[0]
    lengths = []
    for _ in range(4):
        pool.failed(one, 0, "refused")
        lengths.append(one.demoted_until_s)
    assert lengths == [5, 10, 15, 15]


def test_demotion__a_good_answer_after_it__forgets_the_failures() -> None:
    pool = EndpointPool(URLS)
    one = pool.endpoints[0]
    pool.failed(one, 0, "refused")
    pool.answered(one, 1)
    assert one.failures == 1
    pool.answered(one, 6)
    assert (one.failures, one.why) == (0, "")


def test_heads__one_lags__is_demoted_c2() -> None:
    pool = EndpointPool(URLS)
    best = pool.compare_heads(
        {"http://one": head(90), "http://two": head(100), "http://three": head(98)}, 0
    )
    assert best == head(100)
    assert names(pool, 0)[-1] == "http://one"
    assert pool.endpoints[0].why == "10 blocks behind"
    assert pool.endpoints[2].failures == 0


def test_heads__one_disagrees_for_long__is_demoted_and_not_for_a_short_fork() -> None:
    pool = EndpointPool(URLS)
    heads = {"http://one": head(100), "http://two": head(100, "b"), "http://three": head(100)}
    for _ in range(2):
        assert pool.compare_heads(heads, 0) == head(100)
    assert names(pool, 0) == URLS
    pool.compare_heads(heads, 0)
    assert names(pool, 0)[-1] == "http://two"


def test_healthy__all_demoted__are_all_asked_nevertheless() -> None:
    pool = EndpointPool(URLS)
    for endpoint in pool.endpoints:
        pool.failed(endpoint, 0, "refused")
    assert len(pool.healthy(1)) == 3


def test_name__url_with_a_key__does_not_show_it() -> None:
    pool = EndpointPool(["https://user:secret@rpc.example.org:8545/v3/secret?key=secret"])
    assert pool.endpoints[0].name == "https://rpc.example.org:8545"
