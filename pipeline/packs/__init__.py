"""Packs: what the field exchanges and the models train on."""
