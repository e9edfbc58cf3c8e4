"""Record and read metadata, start and follow runs: a client of the REST API."""
