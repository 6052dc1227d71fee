"""What a tenant knows about its people as a whole: populations, kept current."""
