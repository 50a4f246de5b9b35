"""A declaration and the arguments of a call become a Request: uplink defines it, one annotation an argument.

Only this room and `gemel.uplink` know uplink.
"""
