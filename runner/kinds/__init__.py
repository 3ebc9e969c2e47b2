"""How each kind of task is encoded, which head it gets, and what its outputs mean."""
