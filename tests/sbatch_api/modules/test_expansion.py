"""Modules in the place of the steps that use them (workflow.md section 6)."""

from typing import Any

import pytest
import yaml

from deepsquare.workflow import (
    ExpandedUse,
    PlacedStep,
    ResolvedModule,
    Step,
    WorkflowError,
    parse_workflow,
    plan_concurrency,
)
from deepsquare_sbatch_api.domain.modules import (
    Expansion,
    FetchedModule,
    Loading,
    ModuleRefused,
    expand,
    parse_source,
)

Data = dict[str, Any]

RUN = {"run": {"command": "true"}}
META = {
    "name": "m",
    "description": "d",
    "minimumResources": {"tasks": 1, "cpusPerTask": 1, "memPerCpu": 1, "gpus": 0},
}


def a_job(*steps: Data, tasks: int = 4, **changes: Any) -> str:
    resources = {"tasks": tasks, "cpusPerTask": 1, "memPerCpu": 10, "gpus": 0}
    return yaml.safe_dump({"resources": resources, "steps": list(steps), **changes})


def a_use(source: str = "m", **changes: Any) -> Data:
    return {"use": {"source": f"h.org/o/{source}", **changes}}


def a_module(*steps: Data, **changes: Any) -> str:
    return yaml.safe_dump({**META, "steps": list(steps) or [RUN], **changes})


def fetched(name: str, text: str, commit: str = "c" * 40) -> FetchedModule:
    source = parse_source(f"h.org/o/{name}")
    return FetchedModule(ResolvedModule(source.text, source.repository, source.path, commit), text)


def expanded(job: str, **modules: str | ModuleRefused) -> Expansion:
    library = {
        f"h.org/o/{name}": text if isinstance(text, ModuleRefused) else fetched(name, text)
        for name, text in modules.items()
    }
    return expand(parse_workflow(job), library)


def use_of(step: Step) -> ExpandedUse:
    assert isinstance(step.use, ExpandedUse)
    return step.use


def shown(errors: list[WorkflowError]) -> list[tuple[str, str, str]]:
    return [(error.type, error.tag, error.namespace) for error in errors]


def test_use__of_a_module__binds_inputs_and_holds_its_steps() -> None:
    """W-USE-1."""
    inputs = [
        {"key": "A", "default": "a"},
        {"key": "B", "default": "b"},
        {"key": "C"},
        {"key": "D", "default": ""},
    ]
    args = [{"key": "B", "value": "$(x) ${Y}"}, {"key": "B", "value": "last $(x)"}]
    module = a_module(RUN, inputs=inputs, outputs=[{"key": "RESULT"}, {"key": "RESULT2"}])
    result = expanded(a_job(a_use(args=args, exportEnvAs="P")), m=module)
    assert result.errors == []
    use = use_of(result.job.steps[0])
    assert [(each.key, each.value) for each in use.bindings] == [
        ("A", "a"),
        ("B", "last $(x)"),
        ("D", ""),
    ]
    assert use.outputs == ("RESULT", "RESULT2")
    assert use.export_env_as == "P"
    assert [step.run.command for step in use.body if step.run] == ["true"]
    assert use.resolved.file == f"h.org/o/m@{'c' * 40}"
    assert result.modules == {"h.org/o/m": use.resolved}


def test_sources_not_in_the_library__are_asked_for_level_by_level() -> None:
    job = a_job(
        a_use("m"), {"catch": [a_use("n")]}, {"for": {"items": ["x"], "steps": [a_use("m")]}}
    )
    assert expanded(job).missing == {"h.org/o/m", "h.org/o/n"}
    assert expanded(job, m=a_module(a_use("k"))).missing == {"h.org/o/n", "h.org/o/k"}
    done = expanded(job, m=a_module(a_use("k")), n=a_module(), k=a_module())
    assert (done.missing, done.errors) == (set(), [])


def test_module_that_cannot_be_had__is_an_error_at_its_source() -> None:
    """W-MOD-7."""
    job = a_job({"name": "x"}, a_use())
    (error,) = expanded(job, m=ModuleRefused("no such repository")).errors
    assert (error.type, error.namespace, error.message) == (
        "module",
        "Job.steps[1].use.source",
        "no such repository",
    )
    assert error.line == job[: job.index("source:")].count("\n") + 1


def test_children__stand_where_the_module_places_them__marked_as_the_users() -> None:
    """W-TPL-3, W-USE-3."""
    module = (
        "steps:\n"
        "  - name: before\n"
        "  - steps:\n"
        "      {{- .Step.Use.Steps | rest | toYaml | nindent 6 }}\n"
        "  - name: has {{ len .Step.Use.Steps }}\n"
        "    finally:\n"
        "      - {{ first .Step.Use.Steps | toYaml }}\n"
    )
    children = [{"name": "one", **RUN, "finally": [RUN]}, {"name": "two"}, {"name": "three"}]
    result = expanded(a_job(a_use(steps=children)), m=module)
    assert result.errors == []
    before, group, last = use_of(result.job.steps[0]).body
    assert before.name == "before"
    assert [step.name for step in group.steps] == ["two", "three"]
    assert (last.name, [step.name for step in last.finally_]) == ("has 3", ["one"])
    placed = [*group.steps, *last.finally_]
    assert all(isinstance(step, PlacedStep) and step.levels == 1 for step in placed)
    assert not isinstance(before, PlacedStep)
    assert last.finally_[0].finally_[0].run is not None


def test_child__handed_on_to_an_inner_module__belongs_two_uses_out() -> None:
    """W-USE-3."""
    outer = (
        "steps:\n  - use:\n      source: h.org/o/n\n      steps:\n"
        "        - name: own\n        {{- .Step.Use.Steps | toYaml | nindent 8 }}\n"
    )
    inner = "steps:\n  {{- toYaml .Step.Use.Steps | nindent 2 }}\n"
    result = expanded(a_job(a_use(steps=[{"name": "child"}])), m=outer, n=inner)
    assert result.errors == []
    own, child = use_of(use_of(result.job.steps[0]).body[0]).body
    assert isinstance(own, PlacedStep)
    assert isinstance(child, PlacedStep)
    assert [(own.name, own.levels), (child.name, child.levels)] == [("own", 1), ("child", 2)]


def test_child__with_a_module_of_its_own__is_expanded_in_the_users_chain() -> None:
    """W-MOD-5: the same module inside a child is no circle."""
    module = (
        "steps:\n  - name: m\n  {{- with .Step.Use.Steps }}{{ toYaml . | nindent 2 }}{{ end }}\n"
    )
    result = expanded(a_job(a_use(steps=[a_use()])), m=module)
    assert result.errors == []
    child = use_of(result.job.steps[0]).body[1]
    assert use_of(child).body[0].name == "m"


def test_child__placed_twice__is_an_error_of_the_module() -> None:
    """W-TPL-3, W-ERR-6."""
    module = "steps:\n{{- range until 2 }}\n{{ toYaml $.Step.Use.Steps }}{{ end }}\n"
    (error,) = expanded(a_job(a_use(steps=[RUN])), m=module).errors
    assert error.source == f"h.org/o/m@{'c' * 40}"
    assert (error.tag, error.line, error.column) == ("child", 3, 3)


def test_child__placed_nowhere__is_a_warning() -> None:
    """W-TPL-3."""
    result = expanded(a_job(a_use(steps=[RUN, RUN])), m=a_module())
    assert result.errors == []
    (warning,) = result.warnings
    assert (warning.type, warning.namespace) == ("warning", "Job.steps[0].use.steps")
    assert warning.message == "the module does not place 2 of these 2 steps"


@pytest.mark.parametrize(
    "placeholder",
    [
        "!deepsquare.child 7",
        "!deepsquare.child x",
        "!deepsquare.child \u00b2",
        "!deepsquare.child " + "0" * 9 + "9" * 5000,
        "!deepsquare.child [0]",
        "!other 0",
    ],
)
def test_placeholder__forged_by_a_module__is_refused(placeholder: str) -> None:
    """W-TPL-3, W-DOC-3."""
    result = expanded(a_job(a_use(steps=[RUN])), m=f"steps:\n  - {placeholder}\n")
    assert [error.source for error in result.errors] == [f"h.org/o/m@{'c' * 40}"]


def test_placeholder__in_a_job__is_a_custom_tag() -> None:
    """W-DOC-3."""
    from deepsquare.workflow import WorkflowInvalid

    with pytest.raises(WorkflowInvalid, match="custom tags"):
        parse_workflow(a_job(RUN).replace("- run:", "- !deepsquare.child 0\n- run:"))


def test_error_in_a_module__names_its_source_and_its_place_in_the_rendered_text() -> None:
    """W-ERR-6."""
    module = "steps:\n{{ range until 2 }}\n  - run: {comand: a}\n{{ end }}"
    errors = expanded(a_job(a_use()), m=module).errors
    assert {error.source for error in errors} == {f"h.org/o/m@{'c' * 40}"}
    assert [(e.tag, e.namespace, e.line) for e in errors if e.tag == "unknown_field"] == [
        ("unknown_field", "Module.steps[0].run.comand", 3),
        ("unknown_field", "Module.steps[1].run.comand", 5),
    ]


def test_template_error__names_source_and_place() -> None:
    """W-TPL-1, W-TPL-2."""
    (error,) = expanded(a_job(a_use()), m="steps:\n  - name: {{ .Job.Env }}\n").errors
    assert (error.type, error.tag, error.line, error.column) == ("module", "template", 2, 14)
    assert error.source == f"h.org/o/m@{'c' * 40}"


def test_metadata__missing_or_misspelt__is_a_warning_outside_steps_only() -> None:
    """W-MOD-0."""
    module = (
        "nmae: 5\nname: 5\ndescription: true\n"
        "minimumResources: {tasks: 2, memPerCPU: 1}\n"
        "inputs: [{key: A, default: 5}, {key: B, default: true, extra: 1}]\n"
        "steps: [{run: {command: 'true'}}]\n"
    )
    result = expanded(a_job(a_use()), m=module)
    assert result.errors == []
    use = use_of(result.job.steps[0])
    assert (use.module.name, use.module.description) == ("5", "true")
    assert [(each.key, each.value) for each in use.bindings] == [("A", "5"), ("B", "true")]
    minimum = use.module.minimum_resources
    assert minimum is not None
    assert (minimum.tasks, minimum.cpus_per_task, minimum.mem_per_cpu, minimum.gpus) == (2, 1, 1, 0)
    assert {warning.tag for warning in result.warnings} == {"unknown_field", "required"}
    assert expanded(a_job(a_use()), m=module.replace("'true'", "5")).errors != []


def test_module__without_any_metadata__is_expanded_with_warnings() -> None:
    """W-MOD-0."""
    result = expanded(a_job(a_use()), m="steps: []")
    assert result.errors == []
    assert [warning.field for warning in result.warnings] == [
        "name",
        "description",
        "minimumResources",
    ]


@pytest.mark.parametrize("text", ["", "# empty\n", "{{/* nothing */}}"])
def test_module_file__that_is_empty__is_refused(text: str) -> None:
    """W-TPL-6."""
    (error,) = expanded(a_job(a_use()), m=text).errors
    assert error.message == "the document is empty"
    assert error.source == f"h.org/o/m@{'c' * 40}"


def test_resources__too_small_for_the_module__are_all_named() -> None:
    """W-MOD-8."""
    minimum = {"tasks": 5, "cpusPerTask": 1, "memPerCpu": 11, "gpus": 1}
    errors = expanded(a_job(a_use()), m=a_module(minimumResources=minimum, name="big")).errors
    assert [error.message for error in errors] == [
        '"big" needs tasks of at least 5; the job has 4',
        '"big" needs memPerCpu of at least 11; the job has 10',
        '"big" needs gpus of at least 1; the job has 0',
    ]
    assert {error.namespace for error in errors} == {"Job.steps[0].use.source"}


@pytest.mark.parametrize("secret", ["S3CR3T", "Abc", "x" * 70 + "Y", "one\nHunter2", '"quoted"'])
@pytest.mark.parametrize("field", ["container: {{image: {}}}", "shell: {}"])
def test_argument__that_a_template_puts_into_an_ill_value__is_in_no_error(
    secret: str, field: str
) -> None:
    """W-ERR-4."""
    value = "{{ quote (index .Step.Use.Args 0).Value }}"
    module = "inputs: [{key: A}]\nsteps: [{run: {command: a, FIELD}}]\n"
    use = a_use(args=[{"key": "A", "value": secret}])
    result = expanded(a_job(use), m=module.replace("FIELD", field.format(value)))
    (error,) = result.errors
    assert secret.rpartition("\n")[2][:40] not in str(error)
    assert "must " in error.message


def test_argument__that_is_no_input__is_refused() -> None:
    """V-USE."""
    use = a_use(args=[{"key": "A", "value": "x"}, {"key": "Z", "value": "x"}])
    (error,) = expanded(a_job(use), m=a_module(inputs=[{"key": "A"}])).errors
    assert (error.tag, error.namespace) == ("unknown_arg", "Job.steps[0].use.args[1].key")
    assert error.message == 'the module has no input "Z"; its inputs are: A'


def test_export__to_a_reserved_name__is_refused() -> None:
    """V-RES: the products of exportEnvAs count."""
    job = a_job(a_use(exportEnvAs="LD"))
    (error,) = expanded(job, m=a_module(outputs=[{"key": "A"}, {"key": "PRELOAD"}])).errors
    assert (error.tag, error.namespace) == ("reserved", "Job.steps[0].use.exportEnvAs")


def test_modules__that_use_each_other_in_a_circle__are_refused_with_the_chain() -> None:
    """W-MOD-5."""
    (error,) = expanded(a_job(a_use("m")), m=a_module(a_use("n")), n=a_module(a_use("m"))).errors
    assert error.tag == "cycle"
    assert error.message.endswith("h.org/o/m -> h.org/o/n -> h.org/o/m")
    assert error.source == f"h.org/o/n@{'c' * 40}"


def chain_of(count: int) -> dict[str, str]:
    return {f"m{n}": a_module(a_use(f"m{n + 1}")) for n in range(count - 1)} | {
        f"m{count - 1}": a_module()
    }


def test_modules__nested_deeper_than_eight__are_refused() -> None:
    """W-MOD-5."""
    assert expanded(a_job(a_use("m0")), **chain_of(8)).errors == []
    (error,) = expanded(a_job(a_use("m0")), **chain_of(9)).errors
    assert (error.tag, error.message) == ("limit", "modules are nested deeper than 8 levels")


def test_uses__more_than_a_hundred__are_refused_once() -> None:
    """W-MOD-5."""
    assert expanded(a_job(*[a_use()] * 100), m=a_module()).errors == []
    errors = expanded(a_job(*[a_use()] * 105), m=a_module()).errors
    assert shown(errors) == [("module", "limit", "Job.steps[100].use.source")]
    both = expanded(a_job(*[a_use()] * 60), m=a_module(a_use("n")), n=a_module()).errors
    assert [error.tag for error in both] == ["limit"]


def test_modules__that_take_too_long__are_refused_once() -> None:
    """W-TPL-5, F2: a hundred uses may each take the most that one may take."""
    parsed = parse_workflow(a_job(a_use(), a_use()))
    library = {"h.org/o/m": fetched("m", a_module())}
    loading = Loading(seconds_left=1e-9)
    assert shown(expand(parsed, library, loading).errors) == [
        ("module", "limit", "Job.steps[1].use.source")
    ]
    assert expand(parsed, library, Loading()).errors == []


def test_rules_on_the_whole__hold_after_expansion() -> None:
    """W-MOD-9, V-LIM, V-FIT, V-PEAK, V-VNET."""
    large = a_module(*[{"name": "x"}] * 600)
    many = expanded(a_job(*[a_use()] * 4), m=large).errors
    assert [error.tag for error in many] == ["limit"]

    wide = a_module({"run": {"command": "a", "resources": {"tasks": 5}}})
    (error,) = expanded(a_job(a_use()), m=wide).errors
    assert (error.tag, error.namespace, error.source) == (
        "resources",
        "Module.steps[0].run.resources",
        f"h.org/o/m@{'c' * 40}",
    )

    launching = a_module({"launch": {"steps": [RUN]}}, RUN)
    assert [e.tag for e in expanded(a_job(a_use(), tasks=1), m=launching).errors] == ["concurrency"]
    assert expanded(a_job(a_use(), RUN, tasks=2), m=launching).errors == []

    networks: Data = {"virtualNetworks": [{"name": "n", "gatewayAddress": "10.0.0.1/24"}]}
    vnet = {"vnet": {"name": "n", "address": "10.0.0.2/24"}}
    joined = {
        "run": {"command": "a", "network": "pasta", "mapUid": 0, "customNetworkInterfaces": [vnet]}
    }
    used = expanded(a_job(a_use(), **networks), m=a_module(joined))
    assert (used.errors, used.warnings) == ([], [])
    (unused,) = expanded(a_job(a_use(), **networks), m=a_module()).warnings
    assert unused.namespace == "Job.virtualNetworks[0].name"
    (undeclared,) = expanded(a_job(a_use()), m=a_module(joined)).errors
    assert (undeclared.tag, undeclared.source) == ("vnet", f"h.org/o/m@{'c' * 40}")


def test_levels_of_steps__are_bounded_with_modules() -> None:
    """V-LIM."""

    def nested(levels: int, step: Data) -> Data:
        return step if levels == 0 else {"steps": [nested(levels - 1, step)]}

    deep = {f"m{n}": a_module(nested(20, a_use(f"m{n + 1}"))) for n in range(7)} | {
        "m7": a_module()
    }
    errors = expanded(a_job(a_use("m0")), **deep).errors
    assert [error.tag for error in errors] == ["limit"]


def test_handles__of_job_and_module__are_kept_apart_and_children_see_their_authors() -> None:
    """V-HDL, V-PEAK."""
    launch = {"launch": {"handleName": "a", "steps": [RUN]}}
    awaiting = {"dependsOn": ["a"], **RUN}
    (error,) = expanded(a_job(launch, a_use()), m=a_module(awaiting)).errors
    assert (error.tag, error.source) == ("handle", f"h.org/o/m@{'c' * 40}")

    placing = "steps:\n{{ toYaml .Step.Use.Steps }}\n"
    fits = expanded(a_job(launch, a_use(steps=[awaiting]), tasks=1), m=placing)
    assert fits.errors == []
    assert plan_concurrency(fits.job).peak.tasks == 1
    two = (
        "steps:\n- launch:\n    handleName: a\n    steps: [{run: {command: 'true'}}]\n"
        + placing[7:]
    )
    tight = expanded(a_job(launch, a_use(steps=[awaiting]), tasks=1), m=two)
    assert {error.tag for error in tight.errors} == {"concurrency"}
    assert expanded(a_job(launch, a_use(steps=[awaiting]), tasks=2), m=two).errors == []
