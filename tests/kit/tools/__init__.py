"""Tools of other people that put themselves into the way of requests and urllib3: they need an environment of their own."""
