"""Words: where they stand in a transcript, and when they are spoken."""
