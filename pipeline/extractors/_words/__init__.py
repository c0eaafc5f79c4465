"""Word alignment: what the aligners share, and one file per method."""
