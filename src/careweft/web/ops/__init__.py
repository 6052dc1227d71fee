"""For the one who runs the machine: is it alive, ready, how busy. Nothing here names a tenant or a person."""
