"""The only package that reads the environment: `dev` and `test` loosen `base`, `prod` tightens it."""
