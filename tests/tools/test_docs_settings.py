"""The settings reference and the promise that every setting is documented."""

import re
from importlib.resources import files

import pytest
from tools.docs.settings import PAGE, SERVICES, render_settings, settings_class

from deepsquare_supervisor.ports.accounts import PER_USER
from deepsquare_supervisor.site_variables import SITE_VARIABLES


def test_settings_page__committed__is_what_the_classes_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == render_settings(), (
        "docs/settings.md is stale: run `python -m tools.docs.settings`"
    )


@pytest.mark.parametrize("module_name", SERVICES.values())
def test_setting__each__is_documented_frozen_and_has_no_secret_default(module_name: str) -> None:
    settings = settings_class(module_name)
    assert settings.model_config["frozen"]
    for name, field in settings.model_fields.items():
        assert field.description, f"{module_name}: {name} has no docstring"
        if "SecretStr" in str(field.annotation):
            assert field.is_required() or field.default is None, name


def test_site_variables__are_those_of_batch_scripts__with_their_defaults() -> None:
    runtime = files("deepsquare_sbatch_api.domain.rendering") / "runtime" / "site.bash"
    pairs = re.findall(r"^ +\[([A-Z0-9_]+)\]=(.*)$", runtime.read_text(), re.MULTILINE)
    by_supervisor = {*PER_USER, "STOP_SECONDS"}
    defaults = {name: value.strip("'\"") for name, value in pairs if name not in by_supervisor}
    assert {name: default for name, (default, _) in SITE_VARIABLES.items()} == defaults
