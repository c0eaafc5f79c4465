"""Clips as rows: the manifests of a dataset and what they say about it."""
