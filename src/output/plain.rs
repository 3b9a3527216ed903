//! Text from sources and paths made harmless for a terminal, a log or a comment.

use std::borrow::Cow;
use std::path::{Component, Path, PathBuf};

/// `text` on one line without control characters: escape sequences cannot reach a terminal, and
/// characters that turn the reading direction cannot hide what a line says.
pub fn line(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_hostile) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\t' | '\n' | '\r' => out.push(' '),
            c if is_hostile(c) => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// A text of several lines without characters that do more than appear.
pub fn lines(text: String) -> String {
    let is_fine = |c: char| matches!(c, '\n' | '\t') || !is_hostile(c);
    if text.chars().all(is_fine) {
        return text;
    }
    text.chars().map(|c| if is_fine(c) { c } else { '\u{fffd}' }).collect()
}

/// JSON in which characters that do more than appear are escaped. JSON's own frame is ASCII, so they
/// stand in strings; those of ASCII are escaped already, but for one.
pub fn json(text: String) -> String {
    let is_fine = |c: char| (c.is_ascii() && c != '\u{7f}') || !is_hostile(c);
    if text.chars().all(is_fine) {
        return text;
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_fine(c) {
            out.push(c);
        } else {
            out.push_str(&format!("\\u{:04x}", u32::from(c)));
        }
    }
    out
}

/// Whether a character can do more than appear: controls, and marks of the reading direction.
pub fn is_hostile(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{061c}' | '\u{2028}' | '\u{2029}')
}

/// A path with `/` on every system, its bytes as they are where they are UTF-8.
pub fn path(path: &Path) -> String {
    let text = path.to_string_lossy();
    if std::path::MAIN_SEPARATOR == '/' {
        text.into_owned()
    } else {
        text.replace(std::path::MAIN_SEPARATOR, "/")
    }
}

/// A path from the root of the repository, as platforms name files; as it is shown where it lies
/// outside.
pub fn from_root(path: &Path, style: &super::Style) -> String {
    self::path(&inside(path, style))
}

/// The same as a name that no other path has: what is not UTF-8 is escaped as in addresses.
pub fn identity(path: &Path, style: &super::Style) -> String {
    let inside = inside(path, style);
    if inside.to_str().is_some() { self::path(&inside) } else { uri(&inside) }
}

/// The same as a part of an address.
pub fn uri_from_root(path: &Path, style: &super::Style) -> String {
    uri(&inside(path, style))
}

fn inside(path: &Path, style: &super::Style) -> PathBuf {
    match absolute(path, &style.cwd).strip_prefix(&style.root) {
        Ok(inside) if !style.root.as_os_str().is_empty() => inside.to_path_buf(),
        _ => path.to_path_buf(),
    }
}

/// A path as part of an address: everything but unreserved characters and slashes is escaped.
pub fn uri(path: &Path) -> String {
    #[cfg(unix)]
    let bytes = std::os::unix::ffi::OsStrExt::as_bytes(path.as_os_str());
    #[cfg(not(unix))]
    let text = self::path(path);
    #[cfg(not(unix))]
    let bytes = text.as_bytes();
    let mut out = String::with_capacity(bytes.len());
    for byte in bytes {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(byte) {
            out.push(char::from(*byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// The path from the root, without `.` and `..` parts.
pub fn absolute(path: &Path, cwd: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in cwd.join(path).components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                out.pop();
            }
            part => out.push(part),
        }
    }
    out
}

/// Text as Markdown shows it: no markup, no link, no mention, one line.
pub fn markdown(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for c in line(text).chars() {
        match c {
            '@' => out.push_str("&#64;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' | '~' | '!' | '$' | ':' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out
}
