"""What default-editor sees of its namespace."""
