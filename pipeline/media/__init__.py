"""Decoding: audio and video directly from the container, without intermediate files."""
