"""What the report tells, read from ``processed/``; nothing is drawn here."""
