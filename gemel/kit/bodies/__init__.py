"""What a request may send besides JSON: forms, parts of a multipart body, and files read while they are sent."""
