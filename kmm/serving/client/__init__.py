"""Asking a server: without TensorFlow over REST."""
