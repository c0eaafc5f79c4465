"""Features of a clip, in memory and on disk."""
