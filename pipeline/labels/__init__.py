"""Universal labels (UniMSE)."""
