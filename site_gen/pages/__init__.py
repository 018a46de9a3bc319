"""The pages of the site: which exist, the context of each, and the rendering of templates."""
