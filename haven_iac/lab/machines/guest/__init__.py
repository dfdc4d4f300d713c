"""What a machine does with its user data: real shell in a scratch root, with stand-ins for what a machine has."""
