//! `librechat.yaml` and LibreChat's environment variables, as typed values and findings.
