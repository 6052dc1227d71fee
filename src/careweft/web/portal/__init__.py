"""The door of developers and owners: the portal at /developers, and the console of each tenant."""
