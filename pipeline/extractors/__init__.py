"""One file per extractor, found by its name; a missing library disables one, not all."""
