"""From a raw folder to manifests: the only look at the raw data, taken before the jobs are planned."""
