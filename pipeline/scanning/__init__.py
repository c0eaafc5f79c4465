"""From a raw folder to manifests. The scan runs before the jobs are planned and is the only reader of label tables."""
