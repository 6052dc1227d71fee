"""The door of the published lists: user-access brands and service base URLs."""
