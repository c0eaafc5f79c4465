"""The clips of a dataset as rows: manifests, shards, and a summary of the last scan."""
