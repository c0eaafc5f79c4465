"""Packs on disk: MMSA pickle, HDF5, CMU .csd, and a reader for all of them."""
