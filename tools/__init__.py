"""Programs for developers: fuzzing, fault injection, a corpus of bad input, comparison of outputs, a SLURM node."""
