//! Providers over HTTP: Anthropic Messages and OpenAI-compatible chat completions.
