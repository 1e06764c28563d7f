"""What an operator may tell batch scripts about the site (workflow.md 4.1).

Batch scripts know further variables: the customer's directories, which follow from the account, and
``STOP_SECONDS``, which is `Settings.stop_s`.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple


class SiteVariable(NamedTuple):
    """What a batch script takes the variable for, and what it takes when there is none."""

    default: str
    meaning: str


SITE_VARIABLES: Mapping[str, SiteVariable] = MappingProxyType(
    {
        "PATH": SiteVariable("", "Directories put before `PATH` on every node."),
        "SHARED_WORLD_TMP": SiteVariable(
            "/opt/cache/world-tmp", "Cache of all customers, shared by the nodes."
        ),
        "DISK_WORLD_TMP": SiteVariable(
            "/opt/cache/disk/world-tmp", "Cache of all customers, one on each node."
        ),
        "HOSTED_IMAGES": SiteVariable("/opt/software", "Root of unpacked images the site hosts."),
        "IMAGE_CACHE": SiteVariable("", "Directory that keeps fetched images, by digest."),
        "APPTAINER_GPU_FLAG": SiteVariable("--nv", "Apptainer's flag for steps with GPUs."),
        "X11": SiteVariable("/tmp/.X11-unix", "Directory of X11's sockets."),  # noqa: S108 - theirs
        "BORE": SiteVariable("dpsproxy", "Name of the bore client in `PATH`."),
        "PRE_HOOK": SiteVariable(
            "", "Executable run on the batch host before the job; fails the job if it fails."
        ),
        "POST_HOOK": SiteVariable("", "Executable run on the batch host after the job."),
        "VNET_ADDRESS": SiteVariable(
            "", "Address of the batch host for its peers; by default found from its routes."
        ),
        "VNET_PORTS": SiteVariable("20000-29999", "UDP ports for virtual networks."),
        "GRACE_SECONDS": SiteVariable("10", "From a signal to a process to its KILL."),
        "READY_SECONDS": SiteVariable("60", "Longest wait until something started is ready."),
        "IMPORT_SECONDS": SiteVariable("1800", "Longest time the fetch of one image may take."),
        "SYNC_SECONDS": SiteVariable("5", "Pause between two rounds of a continuous upload."),
        "MAX_INPUT_BYTES": SiteVariable("0", "Limit of a job's input; 0 is none."),
    }
)
