"""What the sources over files of the user's are made of: rows, pictures, phrases and masks that are not read yet."""
