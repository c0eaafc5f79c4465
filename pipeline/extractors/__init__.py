"""One file per extractor; the file name is the extractor's name. A missing library disables one extractor, not all."""
