"""The demo dataset: a synthetic talking head with known answers."""
