"""How long what registries said is used again (W-LOOK-7)."""

from tests.sbatch_api.doubles import SteppedClock

from deepsquare_sbatch_api.adapters.registries import CachedRegistries
from deepsquare_sbatch_api.domain.rendering import ImageFacts, ImageReference
from deepsquare_sbatch_api.ports.images import ImageRefused, ImageUnknown


class Counting:
    """`ImageRegistries` that counts what it is asked."""

    def __init__(self) -> None:
        self.asked: list[ImageReference] = []

    async def look_up(self, image: ImageReference) -> ImageFacts:
        self.asked.append(image)
        if image.name == "none":
            raise ImageRefused("no such image")
        if image.name == "away":
            raise ImageUnknown("away")
        return ImageFacts(digest="sha256:" + "0" * 64)


async def ask(subject: CachedRegistries, image: ImageReference) -> str:
    try:
        return str((await subject.look_up(image)).digest)
    except (ImageRefused, ImageUnknown) as error:
        return str(error)


async def test_cache__keeps_found_five_minutes__not_found_half_a_minute__unknown_never() -> None:
    """W-LOOK-7."""
    clock, counting = SteppedClock(), Counting()
    subject = CachedRegistries(counting, clock)
    for name, seconds in (("found", 300), ("none", 30)):
        image = ImageReference(None, name, "v1")
        first = await ask(subject, image)
        clock.step(seconds=seconds - 1)
        assert await ask(subject, image) == first
        assert counting.asked.count(image) == 1
        clock.step(seconds=1)
        assert await ask(subject, image) == first
        assert counting.asked.count(image) == 2
    away = ImageReference(None, "away", "v1")
    assert [await ask(subject, away), await ask(subject, away)] == ["away", "away"]
    assert counting.asked.count(away) == 2


async def test_cache__tells_credentials_apart__and_holds_none_of_them() -> None:
    """W-LOOK-7."""
    counting = Counting()
    subject = CachedRegistries(counting, SteppedClock())
    for password in ("a", "b", "a"):
        await subject.look_up(ImageReference("quay.io", "x", "v1", "user", password))
    assert len(counting.asked) == 2
    assert "user" not in repr(vars(subject))
