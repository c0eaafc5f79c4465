"""Blocks shared by the models; they know no model."""
