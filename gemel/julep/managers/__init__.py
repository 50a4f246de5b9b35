"""The managers of the 0.x SDK, a module a noun: workflows on the endpoints of `gemel.julep.api`."""
