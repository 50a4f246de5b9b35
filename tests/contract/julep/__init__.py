"""The Julep API 0.x: what gemel sends and reads, held against the published description."""
