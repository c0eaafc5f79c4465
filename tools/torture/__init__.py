"""Runs that are disturbed on purpose: after each, one rerun must give what an undisturbed run gives.

``python -m tools.torture`` (``make torture``) makes a small demo dataset, runs the workflow once undisturbed, and then
disturbs copies of it: kill -9 of Snakemake, jobs and workers at random points, full disks, hanging decoders and more.
"""
