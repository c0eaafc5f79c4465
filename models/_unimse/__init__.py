"""Blocks that only UniMSE uses."""
