"""Blocks that only CMCBEP-CL uses."""
