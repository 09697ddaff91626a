"""What time does: a tick becomes one service call, and nothing else."""
