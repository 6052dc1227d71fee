"""What happens to sample people, as tables: illnesses with their medicines, tests and procedures, visits, vaccines."""
