"""What the notebook's own account sees of its namespace: objects by watch, logs, events, and their removal."""
