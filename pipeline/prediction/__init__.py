"""A trained run and the extractors of its pack, put to work on new videos."""
