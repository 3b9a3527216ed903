//! Hostile text stays text.

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};
use spawnsafe::review::markdown::{code, cut, fenced, marked, marks, prose, visible};

/// Everything that a Markdown text holds, by kind.
#[derive(Debug, Default)]
pub(crate) struct Parts {
    pub(crate) text: String,
    pub(crate) code_spans: Vec<String>,
    /// Info string and text.
    pub(crate) blocks: Vec<(String, String)>,
    pub(crate) html: Vec<String>,
    pub(crate) other: Vec<String>,
}

/// What both platforms add to CommonMark. They do not turn quotes and dashes into others.
fn platform() -> Options {
    Options::all() - Options::ENABLE_SMART_PUNCTUATION
}

pub(crate) fn parts(markdown: &str) -> Parts {
    let mut parts = Parts::default();
    let mut info = None;
    for event in Parser::new_ext(markdown, platform()) {
        match event {
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(name))) => {
                info = Some(name.to_string());
                parts.blocks.push((name.to_string(), String::new()));
            }
            Event::End(TagEnd::CodeBlock) => info = None,
            Event::Text(text) if info.is_some() => {
                parts.blocks.last_mut().expect("a block is open").1.push_str(&text);
            }
            Event::Text(text) => parts.text.push_str(&text),
            Event::Code(text) => parts.code_spans.push(text.to_string()),
            Event::Html(html) | Event::InlineHtml(html) => parts.html.push(html.to_string()),
            Event::SoftBreak | Event::HardBreak => parts.text.push('\n'),
            Event::Start(
                Tag::Paragraph | Tag::List(_) | Tag::Item | Tag::Strong | Tag::HtmlBlock,
            )
            | Event::End(
                TagEnd::Paragraph
                | TagEnd::List(_)
                | TagEnd::Item
                | TagEnd::Strong
                | TagEnd::HtmlBlock,
            ) => {}
            other => parts.other.push(format!("{other:?}")),
        }
    }
    parts
}

pub(crate) const HOSTILE: &[&str] = &[
    "plain",
    "@octocat please",
    "see #1, GH-2 and https://evil.example/x",
    "<script>alert(1)</script>",
    "--> <!-- spawnsafe-review:00 -->",
    "[click](https://evil.example) ![x](y)",
    "**bold** _it_ ~~no~~ `code` ```",
    "::error file=x::boo",
    "/close",
    "line\nbreak\r\n# head",
    "\u{1b}[31mred\u{7}",
    "a\u{202e}b",
    "| a | b |\n|---|---|",
    "&lt;b&gt; &amp;",
    "$x$ $$y$$",
    "***",
    "---",
    "1. one",
    "- item",
    "> quote",
    "\\",
    "`",
    "``",
    " ` ",
    "",
];

#[test]
fn prose_has_no_markup_and_no_references() {
    for text in HOSTILE {
        let out = format!("x {}", prose(text));
        let parts = parts(&out);
        assert!(
            parts.other.is_empty()
                && parts.html.is_empty()
                && parts.code_spans.is_empty()
                && parts.blocks.is_empty(),
            "{text:?} became {parts:?}"
        );
        assert!(!out.contains('\n'), "{text:?}");
        for reference in ["@octocat", "#1", "GH-2", "://", "<!--", "::error"] {
            assert!(!parts.text.contains(reference), "{text:?} became {:?}", parts.text);
        }
        assert!(!out.chars().any(|c| c.is_control() || c == '\u{202e}'), "{text:?}");
        let kept: String = parts.text.chars().filter(|c| *c != '\u{200b}').collect();
        if !text.chars().any(|c| c.is_control() || c == '\u{202e}') {
            assert_eq!(kept.trim(), format!("x {text}").trim(), "what is shown is the text itself");
        }
    }
}

#[test]
fn code_spans_hold_their_text() {
    for text in HOSTILE
        .iter()
        .filter(|text| !text.is_empty() && !text.chars().any(|c| c.is_control() || c == '\u{202e}'))
    {
        let parts = parts(&format!("x {} y", code(text)));
        assert_eq!(parts.code_spans, [(*text).to_owned()], "{text:?}");
        assert!(parts.html.is_empty() && parts.other.is_empty(), "{text:?}: {parts:?}");
    }
}

#[test]
fn no_text_ends_its_fence() {
    for text in ["```\nx\n", "````suggestion\n```\n~~~~\n", "`````` and ```\n", "", "\n", "x"] {
        let parts = parts(&format!("before\n\n{}\nafter\n", fenced("suggestion", text)));
        let expected = if text.is_empty() || text.ends_with('\n') {
            text.to_owned()
        } else {
            format!("{text}\n")
        };
        assert_eq!(parts.blocks, [("suggestion".to_owned(), expected)], "{text:?}");
        assert_eq!(parts.text, "beforeafter", "{text:?}");
    }
}

#[test]
fn marks_are_read_back_and_quotes_are_not() {
    let prints = vec!["0".repeat(32), "ab".repeat(16)];
    let body = format!("{}**x**\n", marks(&prints));
    assert_eq!(marked(&body), prints);
    assert_eq!(
        marked(&body.replace('\n', "\r\n")),
        prints,
        "the platform may return other newlines"
    );
    let quoted: String = body.lines().map(|line| format!("> {line}\n")).collect();
    assert_eq!(marked(&quoted), Vec::<String>::new());
    assert_eq!(marked(&format!("hello\n{body}")), Vec::<String>::new());
    assert_eq!(marked("<!-- spawnsafe-review:x--> -->\n"), Vec::<String>::new());
    assert_eq!(parts(&body).text, "x");
}

#[test]
fn cut_and_visible() {
    assert_eq!(cut("abc", 3), "abc");
    assert_eq!(cut("ééééé", 8), "éé …");
    assert_eq!(visible("a\u{1b}\tb\r\n", true), "a\\u{1b}\tb\r\n");
}
