"""One record that an application files through an API: what it has to be, and the Provenance that says who filed it.

Pure: what is looked up in the tenant's records, and what is stored, is the door's and the store's.
"""
