"""Blocks that only MECAM uses."""
