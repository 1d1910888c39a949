"""What a site has published, from folders of Markdown: kind, slug, title, whether it is published."""
