"""What an authority keeps an eye on: transit, deadlines, registers, notices, open questions."""
