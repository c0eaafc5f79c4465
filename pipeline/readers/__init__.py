"""How a raw folder is laid out: one file per layout, found by its name."""
