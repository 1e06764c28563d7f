"""Stores in one SQLite file, for a service of one replica."""

from deepsquare_sbatch_api.adapters.sqlite.database import Database
from deepsquare_sbatch_api.adapters.sqlite.nonces import SqliteNonces
from deepsquare_sbatch_api.adapters.sqlite.scripts import SqliteScripts

__all__ = ["Database", "SqliteNonces", "SqliteScripts"]
