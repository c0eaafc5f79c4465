"""Results of runs: tables, comparisons, significance, curves."""
