"""What a generator may ask for, and the two loops that do it: beside the transports, all that tells the modes apart."""
