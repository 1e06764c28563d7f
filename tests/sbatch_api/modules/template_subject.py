"""A step that uses a module, and templates rendered for it."""

from deepsquare.workflow import EnvVar, Job, JobResources, Step, StepRun, StepUse
from deepsquare_sbatch_api.domain.templates import render_template, template_data

CHILDREN = (
    Step(name="one", run=StepRun(command="secret", env=(EnvVar(key="K", value="hidden"),))),
    Step(name="two"),
)
USE = StepUse(
    source="github.com/o/r@v1",
    args=(EnvVar(key="A", value="x y"), EnvVar(key="B", value="")),
    export_env_as="OUT",
    steps=CHILDREN,
)
STEP = Step(name="step", use=USE)
JOB = Job(
    resources=JobResources(tasks=4, cpus_per_task=2, mem_per_cpu=100, gpus=1),
    env=(EnvVar(key="SECRET", value="hidden"),),
    enable_logging=True,
    steps=(STEP,),
)
DATA = template_data(JOB, STEP, USE)


def rendered(template: str) -> str:
    return render_template(template, DATA)
