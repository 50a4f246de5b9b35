"""HTTP itself: messages, encodings, links, event streams and error bodies, and what of them is never shown."""
