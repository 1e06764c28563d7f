"""`deepsquare init`."""

from pathlib import Path

import click

from deepsquare.cli.invocation import Invocation, pass_invocation, shared_options

EXAMPLE = """\
# A workflow: what to run, and what it needs. Check it with `deepsquare validate FILE`,
# run it with `deepsquare submit FILE --credits 100 --watch`.
resources:
  tasks: 1
  cpusPerTask: 1
  memPerCpu: 512 # MB for each CPU
  gpus: 0
enableLogging: true
steps:
  - name: say hello
    run:
      command: echo "Hello from $(hostname)"
"""


@click.command()
@click.argument("file", type=click.Path(dir_okay=False), default="workflow.yaml")
@shared_options
@pass_invocation
def init(invocation: Invocation, /, *, file: str) -> None:
    """Write an example workflow to FILE (workflow.yaml)."""
    try:
        with Path(file).open("x", encoding="utf-8") as out:
            out.write(EXAMPLE)
    except FileExistsError:
        raise click.UsageError(f"{file} exists already and is not overwritten") from None
    except OSError as error:
        raise click.UsageError(f"cannot write {file}: {error.strerror}") from None
    invocation.screen.say(f"wrote {file}; next: deepsquare submit {file} --credits 100 --watch")
