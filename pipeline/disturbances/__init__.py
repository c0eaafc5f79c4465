"""What may go wrong with a clip, on purpose: to score trained runs under it, and to train with it."""
