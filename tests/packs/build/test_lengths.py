"""How many rows a padded axis gets."""

from pipeline.config.settings import LengthPolicy
from pipeline.packs.build.lengths import fixed_length


def test_length_follows_the_train_clips_alone_and_counts_what_it_cuts():
    counts = {"a": 10, "b": 30, "c": 500}
    length = fixed_length(LengthPolicy(percentile=100, multiple_of=25), counts, {"a", "b"}, at_least=5)
    assert (length.padded, length.longest, length.clips_cut, length.rows_cut) == (50, 500, 1, 450)
    assert fixed_length(LengthPolicy(rows=20, multiple_of=1), counts, set(), at_least=60).padded == 60
