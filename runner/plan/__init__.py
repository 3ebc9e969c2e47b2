"""From a grid to the stages that it takes, each once."""
