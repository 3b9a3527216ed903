//! Module-level names that collide with nothing.

use crate::facts::FileFacts;
use std::collections::BTreeSet;

/// A name for a new module-level function, from `base`: it starts with one underscore and is used nowhere in the file.
pub fn module_name(facts: &FileFacts, base: &str) -> String {
    let taken = names_in_use(facts);
    let plain = stem(base);
    if !taken.contains(&plain) {
        return plain;
    }
    (2..=u32::from(u16::MAX))
        .map(|number| format!("{plain}_{number}"))
        .find(|name| !taken.contains(name))
        .unwrap_or(plain)
}

/// What [`module_name`] gives for `base` where nothing has that name; else a number follows.
pub fn stem(base: &str) -> String {
    let stem = base.trim_matches('_');
    let stem = if stem.is_empty() || stem.starts_with(|c: char| c.is_ascii_digit()) {
        format!("worker_{stem}")
    } else {
        stem.to_owned()
    };
    format!("_{}", stem.trim_end_matches('_'))
}

/// A variable name that is none of `taken`, from `base`.
pub fn variable_name(taken: &BTreeSet<String>, base: &str) -> String {
    if !taken.contains(base) {
        return base.to_owned();
    }
    let plain = format!("{base}_");
    if !taken.contains(&plain) {
        return plain;
    }
    (2..=u32::from(u16::MAX))
        .map(|number| format!("{base}_{number}"))
        .find(|name| !taken.contains(name))
        .unwrap_or(plain)
}

/// Every name that any scope of the file binds or reads: a new module-level name must be none of them, since it
/// would be seen through all scopes. Attributes are no names.
pub fn names_in_use(facts: &FileFacts) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for scope in facts.scopes.ids() {
        names.extend(facts.scopes.get(scope).symbols.keys().cloned());
    }
    // Names in strings such as `__all__` and `getattr` are looked up at run time.
    names.extend(PYTHON_NAMES.iter().map(|name| (*name).to_owned()));
    names
}

/// Names that mean something to Python or to readers where they start with an underscore.
const PYTHON_NAMES: &[&str] = &["_", "__", "_main", "_thread", "_name"];
