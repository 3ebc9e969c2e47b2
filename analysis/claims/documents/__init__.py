"""The source documents: what they state, and whether they agree with themselves."""
