"""Triptych's package: raw video clips to features, packs, labels, trained models and a report."""

__version__ = "0.1.0"
