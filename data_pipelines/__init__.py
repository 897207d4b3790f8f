"""Offline preparation of data sets: reads what an owner publishes, checks it, writes the records that kmm.data reads.

Runs once, before training; it neither resizes nor tokenizes. It imports nothing of kmm but the example schema of
`kmm.data`.
"""
