"""What people do: an update becomes one service call, and nothing else."""
