"""How fast the sbatch API is over HTTP: `python -m benchmarks.sbatch_api` prints a table."""
