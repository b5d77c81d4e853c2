"""Who reads prompts and who decodes."""
