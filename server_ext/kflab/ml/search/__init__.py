"""Search for better hyperparameters: what is searched, and the methods that search, one trial at a time."""
