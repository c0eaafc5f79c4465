"""Blocks that only AMCCL uses."""
