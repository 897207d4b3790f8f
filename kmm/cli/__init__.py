"""The command line: `kmm train`, `kmm evaluate`, `kmm predict`, `kmm export`, `kmm presets`.

Modules of this package import TensorFlow, Keras and the rest of kmm only inside the functions that run a command, so
that `kmm --help` answers at once.
"""
