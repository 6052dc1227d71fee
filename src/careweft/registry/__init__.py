"""Applications: what they register, the checks it has to pass, and the credentials they are given."""
