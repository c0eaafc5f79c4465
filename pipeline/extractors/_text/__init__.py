"""Text encoders: BERT run without torch, or any that transformers knows."""
