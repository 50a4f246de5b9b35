"""Sending over requests or aiohttp: a transport translates and decides nothing."""
