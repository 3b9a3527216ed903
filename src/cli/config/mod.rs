//! Configuration files: `[tool.spawnsafe]` in `pyproject.toml`, or `spawnsafe.toml`.

pub(crate) mod file;
pub(crate) mod formatter;
pub(crate) mod inline;
pub(crate) mod resolve;
pub(crate) mod schema;
pub(crate) mod scope;

pub(crate) use file::{ConfigError, ConfigFile};
pub(crate) use inline::Inline;
pub(crate) use resolve::Resolver;
pub(crate) use scope::{Overrides, Scope};
