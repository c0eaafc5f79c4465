"""Packs: what the field exchanges and the models train on, as MMSA pickle and as HDF5, with a card."""
