//! Text from sources and file names, put into Markdown so that it stays text.

/// `text` as prose on one line: nothing in it is markup, a mention, a reference to an issue, a link,
/// a comment or a command of the platform.
pub fn prose(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    let text = visible(text, false);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let joined = chars.peek().is_some_and(|next| !next.is_whitespace());
        match c {
            '\n' | '\t' => out.push(' '),
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            // A backslash stops the markup, but not the search for mentions, issues and addresses;
            // a zero-width space does.
            '@' | '#' | '!' | ':' | '~' | '%' | '$' if joined => {
                out.push('\\');
                out.push(c);
                out.push_str("&#8203;");
            }
            ':' | '!' => out.push(c),
            '\'' | '"' | ',' | '.' | ';' | '-' | '(' | ')' | '=' | '+' | '/' | '?' => out.push(c),
            c if c.is_ascii_punctuation() => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    // `www.` and two-letter abbreviations such as `GH-1` are the only references without such a character.
    out.replace("www.", "www&#8203;.")
        .replace("WWW.", "WWW&#8203;.")
        .replace("GH-", "GH&#8203;-")
        .replace("gh-", "gh&#8203;-")
}

/// `text` as a code span on one line, with enough backticks around it.
pub fn code(text: &str) -> String {
    let text = visible(text, false).replace(['\n', '\t'], " ");
    let ticks = "`".repeat(longest_run(&text, '`') + 1);
    // A blank between keeps backticks at the ends apart; Markdown takes one blank off each side.
    let pad = if text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']) || text.is_empty() {
        " "
    } else {
        ""
    };
    format!("{ticks}{pad}{text}{pad}{ticks}")
}

/// A fenced block that nothing in `text` can end. `text` is written as it is.
pub fn fenced(info: &str, text: &str) -> String {
    let fence = "`".repeat(longest_run(text, '`').max(2) + 1);
    let newline = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
    format!("{fence}{info}\n{text}{newline}{fence}\n")
}

/// `text` with every character that changes how others are shown (controls, escapes, marks of
/// direction) written as an escape. Newlines and tabs stay; with `carriage` carriage returns do, too.
pub fn visible(text: &str, carriage: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\t' => out.push(c),
            '\r' if carriage => out.push(c),
            c if is_deceptive(c) => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    out
}

/// Whether a character is a control or changes how others are shown.
pub fn is_deceptive(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}

/// `text` cut to at most `limit` bytes at a character, with a sign that it was cut.
pub fn cut(text: &str, limit: usize) -> String {
    if text.len() <= limit {
        return text.to_owned();
    }
    let end =
        (0..=limit.saturating_sub(4)).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    format!("{} …", &text[..end])
}

fn longest_run(text: &str, wanted: char) -> usize {
    let mut longest = 0;
    let mut run = 0;
    for c in text.chars() {
        run = if c == wanted { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest
}

/// What starts the hidden mark of a comment.
const MARK: &str = "<!-- spawnsafe-review:";

/// The hidden marks by which a later run knows the findings of a comment.
pub fn marks(fingerprints: &[String]) -> String {
    fingerprints.iter().map(|print| format!("{MARK}{print} -->\n")).collect()
}

/// The fingerprints of a comment that starts with marks. A quoted comment does not start with one.
pub fn marked(body: &str) -> Vec<String> {
    body.lines()
        .map_while(|line| line.strip_prefix(MARK)?.trim_end_matches('\r').strip_suffix(" -->"))
        .filter(|print| !print.is_empty() && print.bytes().all(|byte| byte.is_ascii_hexdigit()))
        .map(str::to_owned)
        .collect()
}
