//! The server: surfaces, telemetry, composition, the embedded page.
