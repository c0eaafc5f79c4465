"""Running an extractor over a shard: decode, isolate, validate, reuse."""
