"""The graphs inside ``face_landmarker.task``, run one by one with a tracker of our own around them."""
