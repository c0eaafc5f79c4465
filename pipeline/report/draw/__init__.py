"""Facts as charts and tables."""
