"""Numbers made of runs: tables, comparisons, significance, curves."""
