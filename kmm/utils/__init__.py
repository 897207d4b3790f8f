"""What every row builds on."""
