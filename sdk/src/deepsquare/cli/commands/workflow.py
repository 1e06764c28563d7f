"""`deepsquare validate` and `deepsquare render`."""

import click

from deepsquare.cli.invocation import Invocation, pass_invocation, shared_options


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True))
@click.option("--remote", is_flag=True, help="Let the sbatch API look at images and modules too.")
@shared_options
@pass_invocation
def validate(invocation: Invocation, /, *, file: str, remote: bool) -> None:
    """Check the workflow FILE (- for stdin); all errors are shown, nothing is submitted."""
    workflow = invocation.workflow(file)
    warnings = [warning.as_dict() for warning in workflow.parsed.warnings]
    if remote:
        answer = invocation.run(lambda grid: grid.validate(workflow))
        warnings = [dict(warning) for warning in answer.warnings]
    for warning in warnings:
        invocation.screen.say(
            f"warning: {warning.get('namespace')}: {warning.get('message')}", style="yellow"
        )
    invocation.screen.record({"valid": True, "warnings": warnings}, [], shown={})
    invocation.screen.say("the workflow is valid", style="green")


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True))
@shared_options
@pass_invocation
def render(invocation: Invocation, /, *, file: str) -> None:
    """Print the batch script that the workflow FILE (- for stdin) becomes; nothing is submitted."""
    workflow = invocation.workflow(file)
    _ = workflow.parsed
    rendered = invocation.run(lambda grid: grid.render(workflow))
    if invocation.screen.is_for_people:
        invocation.screen.text(rendered.script)
    else:
        record = {"script": rendered.script, **rendered.report}
        invocation.screen.record(record, [], shown={})
