//! The JSON Schema of the configuration, for editors.

/// The schema of `spawnsafe.toml`; that of `[tool.spawnsafe]` is the same.
pub(crate) const SCHEMA: &str = include_str!("schema.json");
