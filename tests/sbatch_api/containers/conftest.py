"""Fixtures of the tests with a real Apptainer."""

import itertools
from pathlib import Path

import pytest
from tests.support.apptainer_site import make_image_files, make_site, make_tools
from tests.support.batch import BatchSite
from tests.support.registry_images import Images

_numbers = itertools.count()


@pytest.fixture(scope="session")
def tools(open_folder: Path, apptainer: Path) -> Path:
    """The stub tools, but for Apptainer."""
    make_tools(open_folder / "tools", apptainer)
    return open_folder / "tools"


@pytest.fixture
def site(open_folder: Path, tools: Path, devices: Path) -> BatchSite:
    """A site of its own."""
    return make_site(open_folder / f"site{next(_numbers)}", tools=tools, devices=devices)


@pytest.fixture(scope="session")
def image_files(open_folder: Path, apptainer: Path, images: Images) -> Path:
    """A folder with ``plain.sif``, ``entry.sif``, ``sandbox`` and ``root``."""
    make_image_files(open_folder / "image files", images, apptainer)
    return open_folder / "image files"
