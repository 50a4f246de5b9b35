"""What a generator may ask for, and the two loops that do it: the only place where both modes differ besides transports."""
