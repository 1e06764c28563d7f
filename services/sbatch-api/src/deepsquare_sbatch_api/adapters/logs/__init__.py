"""Logs in files, and news of them."""

from deepsquare_sbatch_api.adapters.logs.files import LogFiles
from deepsquare_sbatch_api.adapters.logs.news import LocalNews
from deepsquare_sbatch_api.adapters.logs.segments import LogKeys
from deepsquare_sbatch_api.adapters.logs.shared import SharedLogs

__all__ = ["LocalNews", "LogFiles", "LogKeys", "SharedLogs"]
