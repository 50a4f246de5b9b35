"""Transports: each turns a neutral Request into a neutral Response and decides nothing."""
