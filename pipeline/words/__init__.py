"""Transcripts: words and their times, spoken forms, pronunciations, batches of tokens."""
