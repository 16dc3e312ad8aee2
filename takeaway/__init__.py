"""What a reader takes away from the book: a deck for Anki, a cheat sheet, the book itself."""
