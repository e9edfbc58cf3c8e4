"""The store behind its worker process, the index and the queries."""
