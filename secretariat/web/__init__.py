"""The door for people with a browser: plain pages on GET, acts on POST."""
