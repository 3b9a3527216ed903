//! What one comment says.

use crate::rules;

/// Which findings a comment switches off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Codes {
    /// Every one.
    All,
    /// Those of these codes, prefixes of codes or names, as they are written.
    Listed(Vec<String>),
}

impl Codes {
    /// Whether the rule with that code is meant.
    pub fn matches(&self, code: &str) -> bool {
        match self {
            Self::All => true,
            Self::Listed(texts) => texts.iter().any(|text| {
                rules::named(text).iter().any(|rule| rule.code == code)
                    || text.eq_ignore_ascii_case(code)
            }),
        }
    }
}

/// How far a comment reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// One logical line.
    Line,
    /// The file.
    File,
}

/// One order within a comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directive {
    /// Which findings.
    pub codes: Codes,
    /// How far.
    pub scope: Scope,
    /// Whether it is a `noqa`, which other tools read, too.
    pub foreign: bool,
    /// Where its list of codes ends (the closing bracket), in bytes of the comment.
    pub list_end: Option<u32>,
}

/// All orders in a comment: `# type: ignore # noqa: SP101` has one.
pub(super) fn directives(comment: &str) -> Vec<Directive> {
    let mut out = Vec::new();
    let mut offset = 0;
    for part in comment.split_inclusive('#') {
        let start = offset;
        offset += part.len();
        let body = part.trim_end_matches('#');
        out.extend(own(body, start).or_else(|| noqa(body)));
    }
    out
}

/// `spawnsafe: ignore`, `spawnsafe: ignore[SP101, closure] why`, `spawnsafe: ignore-file`.
fn own(body: &str, start: usize) -> Option<Directive> {
    let rest = body.trim_start().strip_prefix("spawnsafe:")?.trim_start().strip_prefix("ignore")?;
    let (scope, rest) = match rest.strip_prefix("-file") {
        Some(rest) => (Scope::File, rest),
        None => (Scope::Line, rest),
    };
    if let Some(list) = rest.strip_prefix('[') {
        let (list, after) = list.split_once(']')?;
        let codes = list
            .split(',')
            .map(str::trim)
            .filter(|code| !code.is_empty())
            .map(str::to_owned)
            .collect();
        let end = start + body.len() - after.len() - 1;
        return Some(Directive {
            codes: Codes::Listed(codes),
            scope,
            foreign: false,
            list_end: Some(end as u32),
        });
    }
    ends_word(rest).then_some(Directive {
        codes: Codes::All,
        scope,
        foreign: false,
        list_end: None,
    })
}

/// `noqa`, `noqa: SP101, E501`; a list without any code is no order, as in ruff.
fn noqa(body: &str) -> Option<Directive> {
    let body = body.trim_start();
    let rest = body.get(4..).filter(|_| body[..4].eq_ignore_ascii_case("noqa"))?;
    let Some(list) = rest.trim_start().strip_prefix(':') else {
        return ends_word(rest).then_some(Directive {
            codes: Codes::All,
            scope: Scope::Line,
            foreign: true,
            list_end: None,
        });
    };
    let words = list.split([',', ' ', '\t']).filter(|word| !word.is_empty());
    let codes: Vec<String> = words.take_while(|word| is_code(word)).map(str::to_owned).collect();
    (!codes.is_empty()).then_some(Directive {
        codes: Codes::Listed(codes),
        scope: Scope::Line,
        foreign: true,
        list_end: None,
    })
}

fn ends_word(rest: &str) -> bool {
    !rest.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '['))
}

/// Letters, then digits: `SP101`, `E501`.
fn is_code(word: &str) -> bool {
    let digits = word.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    digits.len() < word.len() && !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit())
}
