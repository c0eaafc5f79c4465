"""Word alignment: the common base, and one file per method."""
