"""What the tests of the Infisical server itself hold to be true, restated and asked of the sandbox."""
