"""Slurm by its commands: argument lists out, text in. Seen with 22.05."""
