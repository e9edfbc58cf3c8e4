"""Datasets, preprocessing, split, models, training and evaluation."""
