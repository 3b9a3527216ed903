//! The Python whose symbol table is imitated: details differ from release to release.

use std::str::FromStr;

/// A Python 3 release, by its minor number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PythonVersion(pub u8);

impl PythonVersion {
    /// The release whose rules the rest of spawnsafe uses.
    pub const DEFAULT: Self = Self(13);
}

impl FromStr for PythonVersion {
    type Err = String;

    /// Reads `3.8` to `3.14`.
    fn from_str(text: &str) -> Result<Self, String> {
        let minor = text
            .strip_prefix("3.")
            .and_then(|minor| minor.parse().ok())
            .filter(|minor| (8..=14).contains(minor));
        minor.map(Self).ok_or_else(|| {
            format!("`{text}` is not a supported Python release: use one of 3.8 to 3.14")
        })
    }
}
