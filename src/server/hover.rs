//! What is shown when the pointer rests: the page of the rule that is meant there.

use crate::findings::Report;
use crate::server::client::Client;
use crate::server::diagnostics::page;
use crate::server::document::Document;
use crate::text::{LineIndex, Span};
use lsp_types::{Hover, HoverContents, MarkupContent, MarkupKind, Position};

/// The page of a finding at `position`, or of a code in a comment that switches findings off.
pub(super) fn at(
    document: &Document,
    report: Option<&Report>,
    position: Position,
    client: Client,
) -> Option<Hover> {
    let offset = document.offset(position, client.encoding);
    let (code, span) = comment_code(document.source_text(), offset)
        .or_else(|| report.and_then(|report| finding_at(document, report, offset)))?;
    let kind = if client.markdown { MarkupKind::Markdown } else { MarkupKind::PlainText };
    Some(Hover {
        contents: HoverContents::Markup(MarkupContent { kind, value: page(&code)?.to_owned() }),
        range: Some(document.range(span, client.encoding)),
    })
}

/// The innermost finding at `offset`.
fn finding_at(document: &Document, report: &Report, offset: u32) -> Option<(String, Span)> {
    if document.broken.is_some() {
        return None;
    }
    let own = report.findings.iter().filter(|finding| *finding.location.path == document.path);
    let there = own.filter(|finding| {
        let span = finding.location.span;
        span.start <= offset && offset <= span.end
    });
    there
        .min_by_key(|finding| finding.location.span.end - finding.location.span.start)
        .map(|finding| (finding.code.to_owned(), finding.location.span))
}

/// The code or name of a rule at `offset`, in a comment such as `# noqa: SP101`.
fn comment_code(text: &str, offset: u32) -> Option<(String, Span)> {
    let lines = LineIndex::new(text);
    let line = lines.line_start(lines.line(offset)) as usize;
    let offset = offset as usize;
    let comment = text.get(line..offset)?.rfind('#').map(|at| line + at)?;
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let mut before = text[comment..offset].char_indices().rev();
    let start = before.find(|(_, c)| !is_word(*c)).map(|(at, c)| comment + at + c.len_utf8())?;
    let end = text[offset..].find(|c| !is_word(c)).map_or(text.len(), |at| offset + at);
    let before = text[comment..start].to_ascii_lowercase();
    let word = &text[start..end];
    let switches = before.contains("noqa") || before.contains("spawnsafe:");
    (switches && page(word).is_some())
        .then(|| (word.to_owned(), Span::new(start as u32, end as u32)))
}

#[cfg(test)]
mod tests {
    use super::comment_code;

    #[test]
    fn codes_in_comments_that_switch_findings_off() {
        let code = |text: &str| {
            let offset = text.find('^').expect("a mark");
            comment_code(&text.replace('^', ""), offset as u32).map(|(code, _)| code)
        };
        assert_eq!(code("x = 1  # noqa: E501, SP1^01\ny").as_deref(), Some("SP101"));
        assert_eq!(code("# spawnsafe: ignore[clos^ure] why").as_deref(), Some("closure"));
        assert_eq!(code("# spawnsafe: ignore[^SP101]").as_deref(), Some("SP101"));
        assert_eq!(code("# see SP1^01"), None);
        assert_eq!(code("SP101 = ^1"), None);
        assert_eq!(code("x  # noqa: E5^01"), None);
    }
}
