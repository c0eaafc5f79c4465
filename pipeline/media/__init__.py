"""Decoding: sound and pictures straight from the container, no files in between."""
