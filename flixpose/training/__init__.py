"""Training of flixpose's own nets: recipes, drawn data, loops; the pipeline never sees it."""
