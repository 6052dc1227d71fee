"""The intake's door: a tenant's own systems bring records in, with the code that `careweft load` uses."""
