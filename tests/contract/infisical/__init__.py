"""The Infisical API: what gemel sends and reads, held against the published description."""
