"""Anywidget classes around the shared views."""
