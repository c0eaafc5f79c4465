"""One file per step of the workflow; each has a command line and a `run` function."""
