"""Write the site's files, in place where few change, and push them to a branch."""
