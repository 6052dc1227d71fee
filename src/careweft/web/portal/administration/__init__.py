"""Platform administration: pages for the one who runs the installation. They show nobody's records."""
