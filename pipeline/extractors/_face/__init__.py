"""Faces: two engines for the landmarker, selection of one face per frame, search for small faces."""
