"""What a stub may say, and the checks of it when its class is made."""
