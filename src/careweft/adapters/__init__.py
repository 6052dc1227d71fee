"""The rest of the outside, each piece behind a small Protocol of `ports`."""
