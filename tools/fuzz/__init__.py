"""Coverage-guided fuzzing of the readers of untrusted files: ``make fuzz``. Each module here is one target.

Each has ``SEEDS``, inputs to start from, and ``check``, which takes any bytes: it returns if they are read or refused
with an error of ``pipeline/core/errors.py``. Any other exception is a finding.
"""
