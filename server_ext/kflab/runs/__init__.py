"""RunSpec, event log, supervisor and runner."""
