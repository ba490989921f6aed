"""A writer of one's own choice: any server that speaks OpenAI's chat completions. HTTP by urllib3, no SDK."""
