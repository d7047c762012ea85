"""The sealed store of a facility: what is sensitive, readable only by its named members."""
