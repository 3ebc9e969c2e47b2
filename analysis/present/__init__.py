"""Presentation of results to people: tables, captions, and the figures of each command."""
