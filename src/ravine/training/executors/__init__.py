"""Populations over the workers of an executor: shards sent out, lost ones sent again."""
