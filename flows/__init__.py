"""One flow for each secretariat function, and the relay that tells Prefect what has happened."""
