"""`kmm serve`: TensorFlow Serving's REST and gRPC over the C++ session."""
