"""Records of access held against the books: who was there when something in them changed."""
