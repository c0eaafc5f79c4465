"""Corruptions of clips, to test models under and to train with: missing text, shuffled words, blur, noise and more."""
