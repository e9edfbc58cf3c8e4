"""Search for better hyperparameters: what is searched, and the methods that search, one trial at a time."""

import os

# Keras chooses its backend when it is imported, and keras-tuner imports it. TensorFlow, its first choice, is not needed.
os.environ.setdefault("KERAS_BACKEND", "jax")
