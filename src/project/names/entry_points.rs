//! Console scripts in `pyproject.toml`, `setup.cfg` and `setup.py`: `name = package.module:function`.

/// The dotted modules of all entry points that a metadata file speaks of.
pub fn modules(text: &str) -> Vec<String> {
    let is_dotted = |part: &str| {
        !part.is_empty()
            && part.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '.')
            && !part.starts_with(|c: char| c.is_ascii_digit())
    };
    text.lines()
        .filter_map(|line| {
            let (_, value) = line.split_once('=')?;
            let value = value.trim_matches(|c: char| {
                c.is_whitespace() || matches!(c, '"' | '\'' | ',' | ']' | '[' | ')' | '}')
            });
            let (module, function) = value.split_once(':')?;
            (is_dotted(module.trim()) && is_dotted(function.trim()))
                .then(|| module.trim().to_owned())
        })
        .collect()
}
