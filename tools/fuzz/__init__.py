"""Coverage-guided fuzzing of what reads files of strangers: ``make fuzz``. A module here is one target.

Each has ``SEEDS``, inputs to begin with, and ``check``, which takes any bytes: it returns if they are read or refused
by an error of ``pipeline/core/errors.py``, and raises anything else, which is then a finding.
"""
