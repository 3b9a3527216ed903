//! What other tools' configuration says about the length of lines.

use crate::text::source::MAX_BYTES;
use std::path::Path;
use toml::Table;

/// The length that ruff or black are told by a file in `folder`.
pub(crate) fn line_length(folder: &Path) -> Option<usize> {
    let read = |name: &str| {
        let bytes = crate::disk::read(&folder.join(name), MAX_BYTES as u64).ok()?;
        let text = String::from_utf8(bytes).ok()?;
        text.contains("line-length").then(|| text.parse::<Table>().ok()).flatten()
    };
    let of = |table: &Table| {
        table.get("line-length").and_then(toml::Value::as_integer).map(|length| length as usize)
    };
    let own = [".ruff.toml", "ruff.toml"].iter().find_map(|name| of(&read(name)?));
    own.or_else(|| {
        let project = read("pyproject.toml")?;
        let tools = project.get("tool")?.as_table()?;
        ["ruff", "black"].iter().find_map(|tool| of(tools.get(*tool)?.as_table()?))
    })
}
