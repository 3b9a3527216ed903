//! Reusable changes. Each returns edits or a refusal; none decides what is worth changing.

pub mod callables;
pub mod describe;
pub mod fresh_name;
pub mod guard;
pub mod import_move;
pub mod imports;
pub mod lifting;
pub mod place;
pub mod state;
pub mod substitutes;
#[cfg(test)]
mod tests;
pub mod wrapping;

/// How a script's code is put under the entry-point guard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum GuardStyle {
    /// `if __name__ == "__main__":` around the code.
    #[default]
    If,
    /// The code moves into `def main()`, called under the guard, where that changes nothing else.
    Main,
}

/// How captured values travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Bind {
    /// What an engineer would write at that call.
    #[default]
    Auto,
    /// As further arguments of the dispatch wherever it takes any.
    Arguments,
    /// By `functools.partial`.
    Partial,
}
