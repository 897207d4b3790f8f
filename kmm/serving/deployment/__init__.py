"""Files that put an export into production with TensorFlow Serving."""
