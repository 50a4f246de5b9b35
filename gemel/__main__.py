"""Lets `python -m gemel` do what the command `gemel` does."""

from gemel.cli import main

if __name__ == "__main__":
    main()
