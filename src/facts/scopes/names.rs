//! How an identifier of the text becomes the name of a variable.

use std::borrow::Cow;
use unicode_normalization::{UnicodeNormalization, is_nfkc};

/// The identifier in Unicode's NFKC form, which is what Python compares: `ﬁ` is `fi`.
pub fn normalize(identifier: &str) -> Cow<'_, str> {
    if identifier.is_ascii() || is_nfkc(identifier) {
        Cow::Borrowed(identifier)
    } else {
        Cow::Owned(identifier.nfkc().collect())
    }
}

/// The name as the body of class `class` stores it: `__x` becomes `_Class__x`, other names stay.
pub fn mangle<'n>(class: &str, name: &'n str) -> Cow<'n, str> {
    let stripped = class.trim_start_matches('_');
    if !name.starts_with("__") || name.ends_with("__") || name.contains('.') || stripped.is_empty()
    {
        return Cow::Borrowed(name);
    }
    Cow::Owned(format!("_{stripped}{name}"))
}
