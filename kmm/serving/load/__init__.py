"""How fast a server answers, and how it fails."""
