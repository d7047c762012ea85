"""States, facilities, material balance areas, key measurement points and locations."""
