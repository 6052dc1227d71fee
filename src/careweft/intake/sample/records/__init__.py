"""How one life is written down, one kind of record per module; every writer takes a Scene and yields resources."""
