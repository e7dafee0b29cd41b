"""Shapes that cross a border: the programme file, acts, events, tables, pages' data."""
