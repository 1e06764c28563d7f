"""Jobs with S3 input and output."""

import dataclasses
from typing import Any

from tests.support.batch import a_job, a_run
from tests.support.s3 import S3Server

from deepsquare.workflow import Job, Step, TransportData

LIST = 'cd "$DEEPSQUARE_INPUT" && find . -type f | LC_ALL=C sort'
WRITE = 'cd "$DEEPSQUARE_OUTPUT"; echo 1 >one; mkdir -p d; echo 2 >d/two; '
ODD_NAMES = [
    "a b",
    'it\'s, "quoted"',
    "ünï/çø∂é",
    "star*x",
    "q?x",
    "br[1]",
    "back\\slash",
    "hash#x",
    "perc%41",
    "plus+x",
    "trail ",
    "semi;x",
    "amp&x",
    "$(touch pwned)",
    "-dash",
    "--delete",
    "a=b:c",
    "n/e/s/t",
]


def fetching(s3: S3Server, path: str, *steps: Step, **fields: Any) -> Job:
    steps = steps or (a_run(LIST),)
    return dataclasses.replace(
        a_job(*steps), input=TransportData(s3=s3.data(path, **fields)), enable_logging=True
    )


def uploading(s3: S3Server, command: str, *, is_synced: bool = False, **fields: Any) -> Job:
    return dataclasses.replace(
        a_job(a_run(command)),
        output=TransportData(s3=s3.data("/out", **fields)),
        continuous_output_sync=is_synced,
    )
