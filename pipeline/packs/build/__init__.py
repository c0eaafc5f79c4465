"""From feature stores to a pack: choose rows, put them on a grid, scale, pad."""
