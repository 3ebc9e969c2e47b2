"""The criterion, its derivatives and its minimum."""
