"""Groups of job statuses, in the words of the glossary."""

from deepsquare.chain._generated.enums import JobStatus

CLAIMED = frozenset({JobStatus.SCHEDULED, JobStatus.RUNNING})
"""Its provider has claimed the job: credits can be added."""

ASSIGNED = CLAIMED | {JobStatus.META_SCHEDULED}
"""A provider has the job, claimed or not."""

HOT = ASSIGNED | {JobStatus.PENDING}
"""The job has not ended; in all other statuses it is cold and never changes."""
