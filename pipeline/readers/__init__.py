"""Readers of raw folders: one file per layout, named as the dataset's ``reader:``."""
