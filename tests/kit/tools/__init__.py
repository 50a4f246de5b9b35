"""Tools of other people that put themselves into the way of requests and urllib3, in an environment of their own."""
