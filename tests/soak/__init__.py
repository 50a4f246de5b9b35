"""A long run of both clients against a server that fails often: nothing is lost, doubled, mixed up or left behind."""
