"""A whole grid on one machine: a private Slurm, a local chain, the services, their wallets."""
