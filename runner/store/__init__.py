"""Where results and checkpoints live: written once, whole or not at all."""
