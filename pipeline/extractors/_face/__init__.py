"""Faces: two engines for the landmarker, choice of one face per frame, search for small faces."""
