"""What a template sees of the job and of the step that uses it (W-TPL-2)."""

from deepsquare.workflow import Job, Step, StepUse
from deepsquare_sbatch_api.domain.templates.values import Child, Record


def template_data(job: Job, step: Step, use: StepUse) -> Record:
    """Return ``.Job`` and ``.Step`` as templates see them: nothing else of the job."""
    resources = {
        "Tasks": job.resources.tasks,
        "CPUsPerTask": job.resources.cpus_per_task,
        "MemPerCPU": job.resources.mem_per_cpu,
        "GPUs": job.resources.gpus,
    }
    used = {
        "Source": use.source,
        "ExportEnvAs": use.export_env_as or "",
        "Args": [Record("Arg", {"Key": arg.key, "Value": arg.value}) for arg in use.args],
        "Steps": [Child(index) for index in range(len(use.steps))],
    }
    seen_of_job = {
        "Resources": Record("Resources", resources),
        "EnableLogging": job.enable_logging,
    }
    seen_of_step = {"Name": step.name or "", "Use": Record("Use", used)}
    return Record("data", {"Job": Record("Job", seen_of_job), "Step": Record("Step", seen_of_step)})
