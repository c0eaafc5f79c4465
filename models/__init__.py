"""Torch modules for multimodal sentiment analysis; one file per model. Imports nothing of `pipeline`."""
