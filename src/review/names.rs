//! The paths in a diff's headers: quoting, time stamps, prefixes.

/// A path of a header, decoded but with its prefix; `None` for `/dev/null`.
pub(super) type HeaderName = Option<Vec<u8>>;

/// Everything that a diff says about one file's names.
#[derive(Debug, Default)]
pub(super) struct NamePair {
    /// From `--- `.
    pub(super) minus: Option<HeaderName>,
    /// From `+++ `.
    pub(super) plus: Option<HeaderName>,
    /// From `rename from` or `copy from`; never prefixed.
    pub(super) moved_from: Option<HeaderName>,
    /// From `rename to` or `copy to`; never prefixed.
    pub(super) moved_to: Option<HeaderName>,
    /// The first letters of the two names of the `diff --git` line, if each is one letter and a slash.
    command: Option<(u8, u8)>,
}

impl NamePair {
    /// What the arguments of a `diff` line say.
    pub(super) fn of_command(rest: &[u8]) -> Self {
        let mut pair = Self::default();
        if let Some(names) = rest.strip_prefix(b"--git ") {
            let first = names.strip_prefix(b"\"").unwrap_or(names);
            let letters = (one_letter(first), second_letter(names));
            pair.command = letters.0.zip(letters.1);
        }
        pair
    }

    /// Whether both `---` and `+++` were there.
    pub(super) fn has_headers(&self) -> bool {
        self.minus.is_some() && self.plus.is_some()
    }

    /// The old and the new path. Both `None` if nothing named the file (a mode change, a binary file).
    pub(super) fn resolve(&self) -> (Option<String>, Option<String>) {
        let from = self.moved_from.clone().flatten();
        let to = self.moved_to.clone().flatten();
        if let (Some(from), Some(to)) = (from, to) {
            return (Some(lossy(&from)), Some(lossy(&to)));
        }
        let minus = self.minus.clone().flatten();
        let plus = self.plus.clone().flatten();
        let prefixed = self.prefixed(minus.as_deref(), plus.as_deref());
        let cut = |name: Vec<u8>| lossy(if prefixed { &name[2..] } else { &name });
        (minus.map(cut), plus.map(cut))
    }

    /// Whether the names carry git's prefixes: `a/` and `b/`, or with `diff.mnemonicPrefix` two
    /// different ones of `i/`, `w/`, `c/`, `o/`. Two equal letters are a folder of that name.
    fn prefixed(&self, minus: Option<&[u8]>, plus: Option<&[u8]>) -> bool {
        let known = |letter: Option<u8>| letter.is_some_and(|letter| b"abiwco12".contains(&letter));
        match (minus, plus) {
            (Some(minus), Some(plus)) => {
                known(one_letter(minus))
                    && known(one_letter(plus))
                    && one_letter(minus) != one_letter(plus)
            }
            (Some(name), None) | (None, Some(name)) => match self.command {
                Some((first, second)) => first != second && known(one_letter(name)),
                None => matches!(one_letter(name), Some(b'a' | b'b')),
            },
            (None, None) => false,
        }
    }
}

/// The letter of a name that starts with one letter and a slash.
fn one_letter(name: &[u8]) -> Option<u8> {
    match name {
        [letter, b'/', _, ..] => Some(*letter),
        _ => None,
    }
}

/// The prefix of the second name of a `diff --git` line. Where the first one ends is only known
/// when it is quoted or both names are equal, which is enough: a new or deleted file has equal names.
fn second_letter(names: &[u8]) -> Option<u8> {
    let middle = names.len() / 2;
    let second = names.get(middle + 1..)?;
    (names.get(middle) == Some(&b' '))
        .then(|| one_letter(second.strip_prefix(b"\"").unwrap_or(second)))?
}

/// Reads the name of a header line: unquotes it, cuts a time stamp, and knows `/dev/null`.
pub(super) fn header_name(raw: &[u8]) -> HeaderName {
    let name = match raw.strip_prefix(b"\"") {
        Some(quoted) => unquote(quoted),
        // git ends a name with blanks by a tab, and diff puts a time stamp behind one.
        None => raw.split(|byte| *byte == b'\t').next().unwrap_or_default().to_vec(),
    };
    (name != b"/dev/null").then_some(name)
}

/// Undoes git's C-like quoting up to the closing quote.
fn unquote(quoted: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = quoted;
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        match byte {
            b'"' => break,
            b'\\' => {
                let digits =
                    rest.iter().take(3).take_while(|byte| (b'0'..=b'7').contains(byte)).count();
                if digits > 0 {
                    let value = rest[..digits]
                        .iter()
                        .fold(0_u32, |sum, digit| sum * 8 + u32::from(digit - b'0'));
                    out.push((value & 0xff) as u8);
                    rest = &rest[digits..];
                } else if let Some((&escaped, tail)) = rest.split_first() {
                    rest = tail;
                    out.push(match escaped {
                        b'a' => 7,
                        b'b' => 8,
                        b't' => b'\t',
                        b'n' => b'\n',
                        b'v' => 11,
                        b'f' => 12,
                        b'r' => b'\r',
                        other => other,
                    });
                }
            }
            other => out.push(other),
        }
    }
    out
}

fn lossy(name: &[u8]) -> String {
    String::from_utf8_lossy(name).into_owned()
}
