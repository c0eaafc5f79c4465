"""Facts for the report, read from ``processed/``."""
