"""Fault injection: after a run with a fault, one rerun must give the result of a clean run.

``python -m tools.torture`` (``make torture``) makes a small demo dataset, runs the workflow once, and then
injects faults into copies of it: kill -9 of Snakemake, jobs and workers at random points, full disks, hanging
decoders and more.
"""
