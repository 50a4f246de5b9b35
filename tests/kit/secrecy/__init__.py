"""No secret value leaves the kit where it was not asked for: a matrix of types, places, encodings and failures."""
